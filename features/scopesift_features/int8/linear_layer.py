"""A linear layer in int8, of a backbone or an encoder.

It multiplies integers of 8 bits: channel k of its input as (x - centre_k) / scale_k, the weights with a scale per
output; sums have 32 bits. Scales per input channel cost no time: they are multiplied into the weights (SmoothQuant,
Xiao et al. 2023, arXiv 2211.10438), and inputs are divided by them. Being constants, they make a text's activations
independent of the other texts of its batch.

Weights are signed where sums of such products are exact, and else unsigned with 128 for 0, which gives the same
integers (`reading.onnx.sessions.byte_kind`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ZERO = 128
"""The unsigned integer that stands for 0."""
LARGEST = 255
COPIES = 16
"""Of an input's largest channel, beside itself, where it is copied."""

Floats = NDArray[np.float32]


class Scales(NamedTuple):
    """Of a linear layer's input, a number per channel.

    Attributes:
        centre: what is subtracted.
        scale: what the rest is divided by, above 0.
        largest: the channel that is copied; -1: none.
    """

    centre: Floats
    scale: Floats
    largest: int = -1


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
