"""Measured scales of e5's activations in int8, from the file beside the graphs; see `int8_arrays`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopeError

from scopesift_features.backbone.e5.q4_file import Q4Header

ZERO, ZERO_AFTER_GELU = 128, 32
"""Integers that stand for 0; GELU's values are hardly negative."""
LARGEST = 255
COPIES = 16
"""Of the largest channel after GELU, beside itself."""
AFTER_GELU = "outer"
LINEAR = ("query_key_value", "attended", "inner", AFTER_GELU)

Floats = NDArray[np.float32]


class Scales(NamedTuple):
    """Of a linear layer's input, a number per channel.

    Attributes:
        centre: what is subtracted; zeros for `outer`.
        scale: what the rest is divided by, above 0.
        largest: the channel after GELU that is copied; elsewhere -1.
    """

    centre: Floats
    scale: Floats
    largest: int = -1


def read_scales(path: Path, header: Q4Header, deepest: int) -> dict[str, Scales]:
    """Scales of the linear layers of blocks 0 … `deepest`, by their names in the graphs.

    Args:
        path: an .npz file with `<part>.scale` and, but for `outer`, `<part>.centre`, each `[blocks, channels]`, and
            `largest` `[blocks]`.
        header: sizes.
        deepest: the last block.

    Raises:
        ScopeError: missing, damaged, or of other sizes.
    """
    found: dict[str, Scales] = {}
    with _opened(path) as stored:
        for part in LINEAR:
            after_gelu = part == AFTER_GELU
            size = header.intermediate if after_gelu else header.hidden
            scale_LC = _numbers(stored, f"{part}.scale", size)
            centre_LC = np.zeros_like(scale_LC) if after_gelu else _numbers(stored, f"{part}.centre", size)
            if not deepest < len(scale_LC) == len(centre_LC):
                raise ValueError(f"{part} has scales of {len(scale_LC)} blocks, expected {deepest + 1}")
            if not (scale_LC > 0).all():
                raise ValueError(f"{part} has scales that are not above 0")
            largest_L = stored["largest"] if after_gelu else np.full(len(scale_LC), -1)
            if after_gelu and not (
                deepest < len(largest_L) and ((largest_L >= 0) & (largest_L < size)).all()
            ):
                raise ValueError(f"largest has {largest_L.shape} channels, or others than there are")
            for layer in range(deepest + 1):
                scales = Scales(centre_LC[layer], scale_LC[layer], int(largest_L[layer]))
                found[f"blocks.{layer}.{part}"] = scales
    return found


def read_encoder_scales(path: Path, layer: int, d_model: int) -> Scales:
    """Scales of the residual that an SAE's encoder reads.

    Args:
        path: the same file, with `encoder<layer>.scale` and `encoder<layer>.centre` `[D]`.
        layer: the SAE's.
        d_model: D.

    Raises:
        ScopeError: missing, damaged, or of other sizes.
    """
    with _opened(path) as stored:
        centre_D, scale_D = (
            _numbers(stored, f"{encoder_name(layer)}.{of}", d_model) for of in ("centre", "scale")
        )
        if scale_D.ndim != 1 or centre_D.ndim != 1 or not (scale_D > 0).all():
            raise ValueError(f"the scales of layer {layer}'s encoder are not {d_model} numbers above 0")
    return Scales(centre_D, scale_D)


def encoder_name(layer: int) -> str:
    """Name of a layer's encoder in the file."""
    return f"encoder{layer}"


@contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, NDArray[Any]]]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            yield stored
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ScopeError(f"{path} cannot be read ({error}); install scopesift again") from None


def _numbers(stored: Mapping[str, NDArray[Any]], name: str, size: int) -> Floats:
    """An array `[…, size]` of finite numbers."""
    array = stored[name].astype(np.float32)
    if array.shape[-1:] != (size,) or not np.isfinite(array).all():
        raise ValueError(f"{name} has {array.shape} numbers, expected finite ones for {size} channels")
    return array
