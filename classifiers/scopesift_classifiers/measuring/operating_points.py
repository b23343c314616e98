"""Precision and recall at every cut, and cuts for required values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scopesift_files.errors import InputError

from scopesift_classifiers.artifact.calibration import threshold_for_precision, threshold_for_recall

REQUIRED = (0.5, 0.8, 0.9, 0.95)
MOST_POINTS = 200  # of a plotted curve


def operating_points(scores_N: npt.ArrayLike, positive_N: npt.ArrayLike) -> dict[str, Any]:
    """Cuts for required precision and recall, and the average precision.

    Chosen and measured on the same documents, so slightly optimistic: choose on one file, confirm on another.

    Args:
        scores_N: Probabilities of the positive class.
        positive_N: Is positive, bool.

    Returns:
        `{"average_precision", "precision": [{"required", "cut", "precision", "recall"} or {"required", "cut": None,
        "reason"}], "recall": […]}`.
    """
    points: dict[str, Any] = {"average_precision": average_precision(scores_N, positive_N)}
    for name, choose in (("precision", threshold_for_precision), ("recall", threshold_for_recall)):
        points[name] = []
        for required in REQUIRED:
            point: dict[str, Any] = {"required": required}
            try:
                cut = choose(scores_N, positive_N, required)
            except InputError as error:
                point |= {"cut": None, "reason": str(error)}
            else:
                point |= {
                    "cut": round(cut.threshold, 6),
                    "precision": round(cut.precision, 6),
                    "recall": round(cut.recall, 6),
                }
            points[name].append(point)
    return points


def precision_recall(scores_N: npt.ArrayLike, positive_N: npt.ArrayLike) -> list[tuple[float, float, float]]:
    """(cut, precision, recall) at every distinct score, the highest first."""
    score, positive = np.asarray(scores_N, float), np.asarray(positive_N, bool)
    order = np.argsort(-score, kind="stable")
    score, hits = score[order], np.cumsum(positive[order])
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))  # equal scores are flagged together
    flagged, found = last + 1, hits[last]
    return [
        (float(cut), float(hit / n), float(hit / hits[-1]))
        for cut, hit, n in zip(score[last], found, flagged, strict=True)
    ]


def average_precision(scores_N: npt.ArrayLike, positive_N: npt.ArrayLike) -> float:
    """Precision averaged over the steps of recall, as in scikit-learn."""
    total, before = 0.0, 0.0
    for _, precision, recall in precision_recall(scores_N, positive_N):
        total += precision * (recall - before)
        before = recall
    return round(total, 6)


def thinned(
    points: list[tuple[float, float, float]], most: int = MOST_POINTS
) -> list[tuple[float, float, float]]:
    """At most about `most` of the points, including the ends, for plots."""
    if len(points) <= most:
        return points
    keep = np.unique(np.linspace(0, len(points) - 1, most).round().astype(int))
    return [points[at] for at in keep]
