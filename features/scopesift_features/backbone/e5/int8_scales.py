"""Measured scales of e5's activations in int8, from the file beside the graphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scopesift_features.backbone.e5.q4_file import Q4Header
from scopesift_features.int8.linear_layer import Scales
from scopesift_features.int8.scales_file import numbers, open_scales, positive_numbers

ZERO_AFTER_GELU = 32
"""The integer that stands for 0 after GELU, whose values are hardly negative."""
AFTER_GELU = "outer"
LINEAR = ("query_key_value", "attended", "inner", AFTER_GELU)


def read_scales(path: Path, header: Q4Header, deepest: int) -> dict[str, Scales]:
    """Scales of the linear layers of blocks 0 … `deepest`, by their names in the graphs.

    Args:
        path: an .npz file with `<part>.scale` and, but for `outer`, whose centres are 0, `<part>.centre`, each
            `[blocks, channels]`, and `largest` `[blocks]`, the channels after GELU that are copied.
        header: sizes.
        deepest: the last block.

    Raises:
        ScopeError: missing, damaged, or of other sizes.
    """
    found: dict[str, Scales] = {}
    with open_scales(path) as stored:
        for part in LINEAR:
            after_gelu = part == AFTER_GELU
            size = header.intermediate if after_gelu else header.hidden
            scale_LC = positive_numbers(stored, f"{part}.scale", (None, size))
            centre_LC = (
                np.zeros_like(scale_LC) if after_gelu else numbers(stored, f"{part}.centre", scale_LC.shape)
            )
            largest_L = stored["largest"] if after_gelu else np.full(len(scale_LC), -1)
            if not deepest < len(scale_LC):
                raise ValueError(f"{part} has scales of {len(scale_LC)} blocks, expected {deepest + 1}")
            least = 0 if after_gelu else -1
            if len(largest_L) != len(scale_LC) or not ((largest_L >= least) & (largest_L < size)).all():
                raise ValueError(f"largest is not a channel of {size} for each of {len(scale_LC)} blocks")
            for layer in range(deepest + 1):
                scales = Scales(centre_LC[layer], scale_LC[layer], int(largest_L[layer]))
                found[f"blocks.{layer}.{part}"] = scales
    return found
