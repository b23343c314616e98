"""Atomic writes: a temporary file in the same folder, fsync, rename."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scopesift_files.errors import ScopeError

# a full disk, a quota, a limit of the file's size
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary file beside `path`, then rename it to `path`.

    Raises:
        ScopeError: the file can't be written (disk full, read-only); the old file, if any, is unchanged.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        make_shared(temporary)  # mkstemp makes files private
        temporary.replace(path)
    except OSError as error:
        remedy = "free space or choose another folder" if error.errno in FULL else "choose another folder"
        raise ScopeError(f"cannot write {path}: {error.strerror or error}; {remedy}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def make_shared(path: Path) -> None:
    """Set a file's mode to what the umask gives new files."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)


def remove_leftovers(folder: Path) -> None:
    """Delete temporary files that killed writes left behind; no other write into the folder may be running."""
    for path in folder.rglob(".*.part"):
        path.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write readable JSON atomically; same content, same bytes."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, lambda temporary: _write_text(temporary, text))


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: the file.
        remedy: what the user should do if it cannot be read; the end of the error message.

    Raises:
        ScopeError: missing, not JSON, or not an object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScopeError(f"{path} is missing; {remedy}") from None
    except (OSError, ValueError) as error:
        raise ScopeError(f"{path} is not readable as JSON ({error}); {remedy}") from None
    if not isinstance(content, dict):
        raise ScopeError(f"{path} should hold a JSON object, not a {type(content).__name__}; {remedy}")
    return content


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
