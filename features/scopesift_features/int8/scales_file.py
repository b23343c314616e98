"""The file of measured scales, and those of encoders in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopeError

from scopesift_features.int8.linear_layer import Floats, Scales

Stored = Mapping[str, NDArray[Any]]


def read_encoder_scales(path: Path, layer: int, d_model: int) -> Scales:
    """Scales of the residual that an SAE's encoder reads.

    Args:
        path: an .npz file with `encoder<layer>.scale` and `encoder<layer>.centre` `[D]`.
        layer: the SAE's.
        d_model: D.

    Raises:
        ScopeError: missing, damaged, or of other sizes.
    """
    name = encoder_name(layer)
    with open_scales(path) as stored:
        return Scales(
            numbers(stored, f"{name}.centre", (d_model,)),
            positive_numbers(stored, f"{name}.scale", (d_model,)),
        )


def encoder_name(layer: int) -> str:
    """Name of a layer's encoder in the file."""
    return f"encoder{layer}"


@contextmanager
def open_scales(path: Path) -> Iterator[Stored]:
    """The arrays of the file, while it is open.

    Raises:
        ScopeError: for what can't be read, or a ValueError or KeyError inside the context.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            yield stored
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ScopeError(f"{path} cannot be read ({error}); install scopesift again") from None


def numbers(stored: Stored, name: str, shape: tuple[int | None, ...]) -> Floats:
    """An array of finite numbers.

    Args:
        stored: from `open_scales`.
        name: the array's.
        shape: what it must be; None: any size.

    Raises:
        KeyError: there is none.
        ValueError: it is another, or not all numbers are finite.
    """
    array = stored[name].astype(np.float32)
    fits = array.ndim == len(shape) and all(
        size in (None, found) for size, found in zip(shape, array.shape, strict=True)
    )
    if not fits or not np.isfinite(array).all():
        raise ValueError(f"{name} has shape {array.shape} or numbers that are not finite, expected {shape}")
    return array


def positive_numbers(stored: Stored, name: str, shape: tuple[int | None, ...]) -> Floats:
    """`numbers` above 0.

    Raises:
        KeyError, ValueError: as `numbers`, or a number is not above 0.
    """
    array = numbers(stored, name, shape)
    if not (array > 0).all():
        raise ValueError(f"{name} holds numbers that are not above 0")
    return array
