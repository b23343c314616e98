"""Exact sums of linear rules in integer arithmetic, independent of the order of summation.

Floating-point sums depend on the order in which a matrix product adds. Therefore transformed activations are rounded to
multiples of `ACTIVATION_UNIT`, and weights have few decimals: both are integers times a unit, and products and sums of
integers below 2**53 are exact in float64 in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

SQRT = "sqrt"
TRANSFORMS = (SQRT,)
"""Transforms of activations before weighting, named in the artifact. The square root dampens heavy tails."""
ACTIVATION_UNIT = 2.0**-20
"""1e-6: about the precision of float32 activations; with weights of `DIGITS` digits and a thousand features,
transformed activations up to about 85 stay exact."""
DIGITS = 5
"""Significant digits of the largest weight of a fit; all weights have the same number of decimals."""

Floats = NDArray[np.float64]


def transformed(acts_NS: NDArray[np.float32]) -> Floats:
    """Transformed activations: square roots, float64 of the same shape."""
    roots: Floats = np.sqrt(acts_NS, dtype=np.float64)
    return roots


def whole_activations(acts_NS: NDArray[np.float32]) -> Floats:
    """Transformed activations in units of `ACTIVATION_UNIT`, integers as float64."""
    whole: Floats = np.rint(transformed(acts_NS) / ACTIVATION_UNIT)
    return whole


def decimals_of(weights: Sequence[float]) -> int:
    """The largest number of decimals in the shortest decimal forms of the numbers."""
    exponents = [Decimal(repr(weight)).normalize().as_tuple().exponent for weight in weights]
    return max([0, *(-exponent for exponent in exponents if isinstance(exponent, int))])


def whole_weights(weights: Sequence[float], decimals: int) -> Floats:
    """Weights in units of `10 ** -decimals`, integers as float64."""
    whole: Floats = np.rint(np.array(weights, dtype=np.float64) * 10.0**decimals)
    return whole


def unit_of_sum(decimals: int) -> float:
    """Unit of a sum of products of whole activations and whole weights."""
    return float(ACTIVATION_UNIT / 10.0**decimals)


def rounded_weights(weights_SC: Floats, bias_C: Floats) -> tuple[Floats, Floats]:
    """Weights and biases rounded for an artifact.

    The number of decimals gives the largest weight `DIGITS` digits. Fits round before calibration and choice of the
    cut, so that rounding changes no verdict afterwards.
    """
    largest = float(np.abs(weights_SC).max(initial=0.0))
    decimals = DIGITS - 1 - int(np.floor(np.log10(largest))) if largest > 0 else 0
    return np.round(weights_SC, decimals), np.round(bias_C, decimals)
