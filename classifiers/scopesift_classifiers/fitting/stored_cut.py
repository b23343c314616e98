"""The choice of a fit's cut on the dev rows, and its description in the artifact."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.calibration import (
    between_scores,
    threshold_for_precision,
    threshold_for_recall,
)
from scopesift_classifiers.artifact.rule import Rule
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.measuring.objective import Objective

ABOVE = 1e-6
"""Minimum distance of a cut above the bias: more than a margin's rounding error, less than any contribution."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def binary_cut(scores_N: Floats, positive_N: Flags, settings: FitSettings) -> float | None:
    """The cut with the required precision or recall; None if neither is required.

    Args:
        scores_N: Scores of the dev rows.
        positive_N: Which of them are positive.
        settings: The requirements.

    Raises:
        InputError: No cut has the required precision.
    """
    if settings.precision is not None:
        chosen = threshold_for_precision(scores_N, positive_N, settings.precision)
    elif settings.recall is not None:
        chosen = threshold_for_recall(scores_N, positive_N, settings.recall)
    else:
        return None
    return between_scores(scores_N, chosen.threshold)


def best_cut(scores_N: Floats, positive_N: Flags, objective: Objective) -> tuple[float, float]:
    """The cut with the best objective, and its value; on ties the higher cut.

    Args:
        scores_N: Scores or margins.
        positive_N: Which documents are positive.
        objective: The objective to maximise.
    """
    order = np.argsort(-scores_N, kind="stable")
    ordered, hits = scores_N[order], np.cumsum(positive_N[order])
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # equal scores are flagged together
    tp, fp = hits[last], last + 1 - hits[last]
    positives = int(positive_N.sum())
    value = objective.of_counts(tp, fp, positives - tp, len(positive_N) - positives - fp)
    best = int(np.argmax(value))
    return float(ordered[last[best]]), float(value[best])


def between_margins(margins_N: Floats, best: float) -> float:
    """A margin that flags the same documents as `best`, halfway to the next lower one.

    Halfway between margins, not scores, because scores are nearly equal where the calibration is flat.
    """
    lower = margins_N[margins_N < best]
    return (best + float(lower.max())) / 2 if lower.size else best


def above_nothing(margin: float, rule: Rule) -> float:
    """The margin of a cut, raised above the margin of a text without any of the rule's features.

    Such a text has the bias as margin and no evidence for the label.
    """
    return max(margin, rule.bias + ABOVE) if rule.adds else margin


def describe_binary(at_cut: BinaryMetrics, settings: FitSettings) -> dict[str, Any]:
    """The artifact's description of a binary cut, with its metrics on the dev rows."""
    asked = {"precision": settings.precision, "recall": settings.recall}
    return {
        "asked": {name: value for name, value in asked.items() if value is not None},
        "dev_precision": round(at_cut.precision, 4),
        "dev_recall": round(at_cut.recall, 4),
    }


def answer_cut(scores_N: Floats, right_N: Flags, settings: FitSettings) -> float:
    """The cut of a many-label decision, below which the unknown label is given.

    Args:
        scores_N: Score of each dev row's most likely label; 0 without evidence for it.
        right_N: Whether that label is correct.
        settings: The requirements.

    Raises:
        InputError: No cut has the required precision.
    """
    if settings.precision is not None:
        chosen = threshold_for_precision(scores_N, right_N, settings.precision)
    else:
        chosen = threshold_for_recall(scores_N, right_N, settings.recall or settings.keep_right)
    return between_scores(scores_N, chosen.threshold)


def describe_answers(given_N: Flags, right_N: Flags, settings: FitSettings) -> dict[str, Any]:
    """The artifact's description of a many-label cut, from the dev rows with a label and those with the correct one."""
    return {
        "asked": {"precision": settings.precision}
        if settings.precision is not None
        else {"recall": settings.recall or settings.keep_right},
        "dev_answered": round(float(given_N.mean()), 4),
        "dev_precision": round(float(right_N[given_N].mean()), 4),
    }
