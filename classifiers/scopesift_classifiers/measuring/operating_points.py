"""Cuts for required precisions, recalls and false-positive rates, measured with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scopesift_files.errors import InputError

from scopesift_classifiers.measuring.cuts import FALSE_POSITIVE_RATE, PRECISION, RECALL, Cuts, Requirement

REQUIRED = {
    PRECISION: (0.5, 0.8, 0.9, 0.95),
    RECALL: (0.5, 0.8, 0.9, 0.95),
    FALSE_POSITIVE_RATE: (0.1, 0.05, 0.02, 0.01),
}
MOST_POINTS = 200  # of a plotted curve


def operating_points(scores_N: npt.ArrayLike, positive_N: npt.ArrayLike) -> dict[str, Any]:
    """Cuts for the values of `REQUIRED`, and the average precision.

    Chosen and measured on the same documents, so slightly optimistic: choose on one file, confirm on another.

    Args:
        scores_N: Probabilities of the positive class.
        positive_N: Is positive, bool.

    Returns:
        `{"average_precision": None without positives, "precision": [point, …], "recall": […], "false_positive_rate":
        […]}`; see `operating_point`.
    """
    cuts = Cuts.of(scores_N, positive_N)
    points = {
        rate: [operating_point(cuts, Requirement(rate, value)) for value in values]
        for rate, values in REQUIRED.items()
    }
    average = average_precision(scores_N, positive_N) if cuts.positives else None
    return {"average_precision": average, **points}


def operating_point(cuts: Cuts, required: Requirement) -> dict[str, Any]:
    """The cut for one requirement.

    Returns:
        `{"required", "cut", "cut_interval", "precision", "recall", "false_positive_rate", "intervals"}`, or
        `{"required", "cut": None, "reason"}` if no cut has the value or there are too few documents to show it. See
        `Cuts.interval` and `Cuts.measured`.
    """
    try:
        at = cuts.meeting(required, required.documents)
    except InputError as error:
        return {"required": required.value, "cut": None, "reason": str(error)}
    return {
        "required": required.value,
        "cut": cuts.between(at),
        "cut_interval": [round(end, 6) for end in cuts.interval(at, required)],
        **cuts.measured(at),
    }


def precision_recall(scores_N: npt.ArrayLike, positive_N: npt.ArrayLike) -> list[tuple[float, float, float]]:
    """(cut, precision, recall) at every distinct score, the highest first."""
    cuts = Cuts.of(scores_N, positive_N)
    columns = cuts.scores_C, cuts.rates(PRECISION), cuts.rates(RECALL)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def average_precision(scores_N: npt.ArrayLike, positive_N: npt.ArrayLike) -> float:
    """Precision averaged over the steps of recall, as in scikit-learn."""
    cuts = Cuts.of(scores_N, positive_N)
    return round(float(cuts.rates(PRECISION) @ np.diff(cuts.rates(RECALL), prepend=0.0)), 6)


def thinned(
    points: list[tuple[float, float, float]], most: int = MOST_POINTS
) -> list[tuple[float, float, float]]:
    """At most about `most` of the points, including the ends, for plots."""
    if len(points) <= most:
        return points
    keep = np.unique(np.linspace(0, len(points) - 1, most).round().astype(int))
    return [points[at] for at in keep]
