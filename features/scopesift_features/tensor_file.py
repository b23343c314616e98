"""Atomic writes of safetensors files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from scopesift_files.atomic import write_atomically
from torch import Tensor


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
