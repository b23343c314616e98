"""Safetensors files: whole reads, atomic writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from scopesift_files.atomic import write_atomically
from scopesift_files.errors import ScopeError
from torch import Tensor


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, by name.

    Raises:
        ScopeError: missing or damaged.
    """
    try:
        found: dict[str, Tensor] = load_file(path)
    except FileNotFoundError:
        raise ScopeError(f"{path} is missing; fetch it again") from None
    except (SafetensorError, OSError) as error:
        raise ScopeError(f"{path} is not a readable safetensors file ({error}); fetch it again") from None
    return found


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file atomically.

    Raises:
        ScopeError: as `write_atomically`.
    """

    def save(temporary: Path) -> None:
        try:
            save_file(dict(tensors), temporary, metadata={"format": "pt"})
        except SafetensorError as error:  # raised if the disk is full
            raise OSError(str(error)) from None

    write_atomically(path, save)
