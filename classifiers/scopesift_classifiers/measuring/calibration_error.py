"""Whether scores are probabilities: the reliability diagram's bins and the expected calibration error.

The error is that of Guo et al. (2017), "On calibration of modern neural networks": 15 bins of equal width. It is
biased upwards, because few documents per bin differ from their probabilities by chance alone. So what chance alone
gives stands beside it, from outcomes drawn with the scores as their probabilities (Bröcker & Smith 2007, "Increasing
the reliability of reliability diagrams"), and its interval is that of a bootstrap with the bias taken off.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scopesift_classifiers.measuring.intervals import DRAWS, LEVEL, SEED

BINS = 15
MIN_DOCUMENTS = 700
"""From so many documents on chance alone gives at most .06 on average, whatever the scores are.

For scores of .5 in every bin, the largest: the mean distance of the share of n / 15 documents from .5 is
.5 sqrt(2 / pi) sqrt(15 / n), .058 for n = 700.
"""

Floats = npt.NDArray[np.float64]


class Reliability(NamedTuple):
    """The B non-empty bins of equal width over [0, 1]; each array is `[B]`.

    Attributes:
        predicted: mean probability of the documents in a bin.
        observed: share of them that are correct (or positive).
        documents: number of documents.
    """

    predicted: Floats
    observed: Floats
    documents: npt.NDArray[np.int64]


def reliability(probability_N: npt.ArrayLike, outcome_N: npt.ArrayLike, *, bins: int = BINS) -> Reliability:
    """Compare probabilities `[N]` in [0, 1] with boolean outcomes `[N]` per bin.

    Raises:
        ValueError: a probability is outside [0, 1], or the lengths differ.
    """
    probability, outcome, bin_N = _binned(probability_N, outcome_N, bins)
    count = np.bincount(bin_N, minlength=bins)
    filled = count > 0
    mean = np.bincount(bin_N, weights=probability, minlength=bins)[filled] / count[filled]
    share = np.bincount(bin_N, weights=outcome, minlength=bins)[filled] / count[filled]
    return Reliability(mean, share, count[filled])


def expected_calibration_error(probability_N: npt.ArrayLike, outcome_N: npt.ArrayLike) -> dict[str, Any]:
    """Mean distance between probability and observed rate over equal-width bins, weighted by documents.

    Args:
        probability_N: `[N]` probability of the positive class, or of the predicted label.
        outcome_N: `[N]` bool: is positive, or the label is correct.

    Returns:
        `{"ece", "ece_interval": [low, high], "ece_by_chance": {"mean", "p95"}, "ece_reason": None}`: the error, its
        95% interval (0 is in it unless the error exceeds "p95"), and mean and 95th percentile of the error that scores
        have by chance if they are exact probabilities. Below 700 documents all are None, with the reason.

    Raises:
        ValueError: as `reliability`.
    """
    probability, outcome, bin_N = _binned(probability_N, outcome_N, BINS)
    n = probability.size
    if n < MIN_DOCUMENTS:
        return {
            "ece": None,
            "ece_interval": None,
            "ece_by_chance": None,
            "ece_reason": f"needs at least {MIN_DOCUMENTS} documents, got {n}",
        }
    excess_N = outcome - probability
    excess_B = np.bincount(bin_N, weights=excess_N, minlength=BINS)
    error = float(np.abs(excess_B).sum() / n)
    # a bin's sum over many documents is close to normal, so that sums are drawn instead of documents
    standard_RB = np.random.default_rng(SEED).standard_normal((DRAWS, BINS))
    chance_B = np.sqrt(np.bincount(bin_N, weights=probability * (1 - probability), minlength=BINS))
    chance_R = np.abs(standard_RB * chance_B).sum(axis=1) / n
    spread_B = np.sqrt(np.bincount(bin_N, weights=excess_N**2, minlength=BINS) - excess_B**2 / n)
    drawn_R = np.abs(excess_B + standard_RB * spread_B).sum(axis=1) / n
    tail = (1 - LEVEL) / 2
    below, above = np.quantile(drawn_R, [tail, 1 - tail])
    p95 = float(np.quantile(chance_R, LEVEL))
    low = 0.0 if error <= p95 else max(2 * error - float(above), 0.0)
    return {
        "ece": round(error, 6),
        "ece_interval": [round(low, 4), round(max(2 * error - float(below), error), 4)],
        "ece_by_chance": {"mean": round(float(chance_R.mean()), 4), "p95": round(p95, 4)},
        "ece_reason": None,
    }


def _binned(
    probability_N: npt.ArrayLike, outcome_N: npt.ArrayLike, bins: int
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Probabilities, outcomes as numbers, and the bin of each document."""
    probability, outcome = np.asarray(probability_N, float), np.asarray(outcome_N, bool)
    if probability.shape != outcome.shape or not np.all((probability >= 0) & (probability <= 1)):
        raise ValueError(
            f"expected as many probabilities in [0, 1] as outcomes, got {probability.size} and {outcome.size}"
        )
    # A probability on an inner edge belongs to the bin below it, as in scikit-learn's calibration_curve.
    bin_N = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], probability)
    return probability, outcome.astype(np.float64), bin_N
