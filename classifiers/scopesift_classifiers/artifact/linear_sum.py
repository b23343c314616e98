"""What a linear rule adds up, as whole numbers: of the same activations the same sum, wherever it is formed.

Floating-point sums depend on the order in which a matrix product adds. So transformed activations are rounded to
multiples of `ACTIVATION_UNIT` and weights have few decimals: both are whole numbers times a unit, and products and sums
of whole numbers below 2**53 are exact in float64, in whatever order.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

SQRT = "sqrt"
TRANSFORMS = (SQRT,)
"""What may be done to activations before they are weighted; an artifact names it, so that another can be added. The
square root: ten times the activation does not say ten times as much, and heavy tails don't drown the rest."""
ACTIVATION_UNIT = 2.0**-20
"""A millionth: about as fine as the float32 sums that activations are made of, and with weights of `DIGITS` digits and
a thousand features room for transformed activations up to about 85."""
DIGITS = 5
"""Significant digits of the largest weight of a fit; the others have as many decimals as it has."""

Floats = NDArray[np.float64]


def transformed(acts_NS: NDArray[np.float32]) -> Floats:
    """Activations as a linear rule weighs them: their square roots, float64 of the same shape."""
    roots: Floats = np.sqrt(acts_NS, dtype=np.float64)
    return roots


def whole_activations(acts_NS: NDArray[np.float32]) -> Floats:
    """Transformed activations in units of `ACTIVATION_UNIT`, whole numbers as float64."""
    whole: Floats = np.rint(transformed(acts_NS) / ACTIVATION_UNIT)
    return whole


def decimals_of(weights: Sequence[float]) -> int:
    """How many decimals the shortest decimal form of the numbers needs at most."""
    exponents = [Decimal(repr(weight)).normalize().as_tuple().exponent for weight in weights]
    return max([0, *(-exponent for exponent in exponents if isinstance(exponent, int))])


def whole_weights(weights: Sequence[float], decimals: int) -> Floats:
    """Weights in units of `10 ** -decimals`, whole numbers as float64."""
    whole: Floats = np.rint(np.array(weights, dtype=np.float64) * 10.0**decimals)
    return whole


def unit_of_sum(decimals: int) -> float:
    """What one in a sum of products of whole activations and whole weights stands for."""
    return float(ACTIVATION_UNIT / 10.0**decimals)


def rounded_weights(weights_SC: Floats, bias_C: Floats) -> tuple[Floats, Floats]:
    """Weights and biases with the decimals that an artifact holds.

    All weights have the decimals that give the largest one `DIGITS` digits. A fit rounds first, then calibrates and
    cuts with the rounded weights, so that no verdict is lost to rounding.
    """
    largest = float(np.abs(weights_SC).max(initial=0.0))
    decimals = DIGITS - 1 - int(np.floor(np.log10(largest))) if largest > 0 else 0
    return np.round(weights_SC, decimals), np.round(bias_C, decimals)
