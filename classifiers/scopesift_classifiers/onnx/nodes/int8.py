"""8-bit encoders: weights quantised per row, inputs per tensor, integer products."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.onnx.nodes.graph import OnnxGraph

DYNAMIC, STATIC = MODES = ("dynamic", "static")
# Unsigned on both sides: signed weights saturate in the pairwise sums of CPUs without VNNI.
_ZERO = 128
CLIPPED = 1e-4
"""Share of the scaled residuals that a static range clips at either end, since outliers would take most of the 256
steps (percentile calibration: Wu et al., Integer Quantization for Deep Learning Inference, 2020)."""


@dataclass(frozen=True, eq=False)
class Int8Range:
    """Quantisation of the residual to 8 bits.

    A few dimensions of residuals are many times larger than the rest. Each dimension is divided by its own factor, by
    which the weights are multiplied, so that one step size can be used for all (Xiao et al., SmoothQuant, 2023).

    Attributes:
        factor_D: Divisor of each dimension, float32, positive.
        low, high: Range of the scaled residual, clipped outside; None: from each input ("dynamic").
    """

    factor_D: NDArray[np.float32]
    low: float | None = None
    high: float | None = None


def measure_range(
    residuals: Iterable[NDArray[np.float32]], W_FD: NDArray[np.float32], mode: str
) -> Int8Range:
    """Compute the factors and the range.

    Args:
        residuals: Batches `[T, D]` of real residuals, at least one token in all.
        W_FD: The encoder.
        mode: "dynamic" or "static".

    Raises:
        ValueError: There are no tokens.
    """
    batches = [batch for batch in residuals if len(batch)]
    if not batches:
        raise ValueError("an 8-bit range needs at least one token's residual")
    largest_D = np.max([np.abs(batch).max(axis=0) for batch in batches], axis=0)
    weight_D = np.abs(W_FD).max(axis=0)
    factor_D = np.sqrt(np.maximum(largest_D, 1e-6) / np.maximum(weight_D, 1e-6)).astype(np.float32)
    if mode == DYNAMIC:
        return Int8Range(factor_D)
    divided = np.concatenate([(batch / factor_D).ravel() for batch in batches])
    low, high = np.quantile(divided, [CLIPPED, 1 - CLIPPED])
    return Int8Range(factor_D, min(float(low), 0.0), max(float(high), 0.0))


def int8_product(
    graph: OnnxGraph, x_BTD: str, W_FD: NDArray[np.float32], ranges: Int8Range, name: str
) -> str:
    """Add nodes for x @ W.T in 8 bits; returns the float32 product `[B, T, F]`."""
    scaled_BTD = graph.add("Div", x_BTD, graph.constant(ranges.factor_D))
    W_FD = W_FD * ranges.factor_D
    step_F = np.maximum(np.abs(W_FD).max(axis=1), 1e-12).astype(np.float32) / 127
    weights = np.clip(np.rint(W_FD / step_F[:, None]), -127, 127) + _ZERO
    if ranges.low is None or ranges.high is None:
        inputs, step, zero = graph.add_many("DynamicQuantizeLinear", 3, scaled_BTD)
    else:
        width = max((ranges.high - ranges.low) / 255, 1e-12)
        step = graph.number(width)
        zero = graph.number(round(-ranges.low / width), np.uint8)
        inputs = graph.add("QuantizeLinear", scaled_BTD, step, zero)
    whole = graph.add(
        "MatMulInteger",
        inputs,
        graph.constant(weights.T.astype(np.uint8), name),
        zero,
        graph.number(_ZERO, np.uint8),
    )
    steps_F = graph.add("Mul", graph.constant(step_F), step)
    return graph.add("Mul", graph.cast(whole, np.float32), steps_F)
