"""Writes an exported graph atomically, after checking it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scopesift_files.atomic import make_shared
from scopesift_files.errors import ScopesiftError, UsageError, first_line

from scopesift_classifiers.onnx.runtime import open_session

# protobuf cannot hold more than 2 GiB in one message
MOST_BYTES = 2**31 - 2**20


def write_model(path: Path, model: Any, beside: dict[str, bytes], *, external_data: bool) -> list[Path]:
    """Check a model and write it with its other files.

    Everything is written into a temporary folder on the same disk, checked there (`onnx.checker` with shape
    inference), and renamed into place, the graph last.

    Args:
        path: File of the graph.
        model: An `onnx.ModelProto`; its tensors are moved out if `external_data`.
        beside: Content of further files in the same folder, by name.
        external_data: Write the weights to `<path>.data`, of any size.

    Returns:
        The files.

    Raises:
        UsageError: over 2 GiB without `external_data`, or a folder that can't be written.
        ScopesiftError: the graph is invalid.
    """
    import onnx

    data = f"{path.name}.data"
    size = weight_bytes(model)
    if size > MOST_BYTES and not external_data:
        raise UsageError(
            f"the weights take {size / 2**30:.1f} GiB, one ONNX file holds 2; use --external-data"
        )
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.")
        draft = Path(temporary) / path.name
        onnx.save_model(
            model,
            str(draft),
            save_as_external_data=external_data,
            location=data if external_data else None,
            size_threshold=1024,
        )
        check_model(draft)
        for name, content in beside.items():
            (draft.parent / name).write_bytes(content)
        names = [*beside, *([data] if (draft.parent / data).exists() else []), path.name]
        _put_in_place(draft.parent, path.parent, names)
        if not external_data:
            path.with_name(data).unlink(missing_ok=True)  # from an earlier export with this name
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}; choose another folder") from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return [path.parent / name for name in reversed(names)]


def weight_bytes(model: Any) -> int:
    """Bytes of a model's constants."""
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer)


def open_model(model: Any) -> Any:
    """A session of a model in memory; a model above 2 GiB is written to a temporary file.

    Raises:
        UsageError: see `open_session`.
    """
    import onnx

    if weight_bytes(model) <= MOST_BYTES:
        return open_session(model.SerializeToString())
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "draft.onnx")
        onnx.save_model(model, path, save_as_external_data=True, location="draft.data")
        return open_session(path)


def check_model(path: Path) -> None:
    """Run ONNX's checker and strict shape inference on a file.

    Raises:
        ScopesiftError: the graph is invalid.
    """
    import onnx

    try:
        onnx.checker.check_model(str(path), full_check=True)
    except Exception as error:  # the checker's and shape inference's errors share no base class
        raise ScopesiftError(
            f"the exported graph is not valid ({first_line(error)}); this is a defect of scopesift"
        ) from None


def _put_in_place(source: Path, target: Path, names: Sequence[str]) -> None:
    for name in names:
        with (source / name).open("rb+") as written:
            os.fsync(written.fileno())
        make_shared(source / name)  # external data is written as a private file
        (source / name).replace(target / name)
