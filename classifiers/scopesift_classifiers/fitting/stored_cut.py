"""The cut that a fit stores: what was asked for, found on the dev rows, and what the artifact says of it."""

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
"""How far above the bias a cut lies at least: more than the last digit of a margin, less than any feature adds."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def binary_cut(scores_N: Floats, positive_N: Flags, settings: FitSettings) -> float | None:
    """The cut with the precision or recall that was asked for; None: neither was.

    Args:
        scores_N: Scores of the dev rows.
        positive_N: Which of them are positive.
        settings: What was asked for.

    Raises:
        InputError: No cut has the precision.
    """
    if settings.precision is not None:
        chosen = threshold_for_precision(scores_N, positive_N, settings.precision)
    elif settings.recall is not None:
        chosen = threshold_for_recall(scores_N, positive_N, settings.recall)
    else:
        return None
    return between_scores(scores_N, chosen.threshold)


def best_cut(scores_N: Floats, positive_N: Flags, objective: Objective) -> tuple[float, float]:
    """The score from which on flagging is best, and what it gives; the higher one of a tie.

    Args:
        scores_N: Scores or margins.
        positive_N: Which documents are positive.
        objective: What is maximised.
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
    """A margin that flags the same of these documents as `best`, halfway to the next lower one.

    Halfway between margins, not between scores: where calibration is flat, scores of any two margins nearly touch.
    """
    lower = margins_N[margins_N < best]
    return (best + float(lower.max())) / 2 if lower.size else best


def above_nothing(margin: float, rule: Rule) -> float:
    """A margin to cut at, raised where a text without any of the rule's features would reach it.

    Such a text has the bias for its margin: nothing speaks for the label there, and nothing could be shown as evidence.
    """
    return max(margin, rule.bias + ABOVE) if rule.adds else margin


def describe_binary(at_cut: BinaryMetrics, settings: FitSettings) -> dict[str, Any]:
    """What an artifact says of a binary cut, from what it gives on the dev rows."""
    asked = {"precision": settings.precision, "recall": settings.recall}
    return {
        "asked": {name: value for name, value in asked.items() if value is not None},
        "dev_precision": round(at_cut.precision, 4),
        "dev_recall": round(at_cut.recall, 4),
    }


def answer_cut(scores_N: Floats, right_N: Flags, settings: FitSettings) -> float:
    """The cut of a many-class decision: below it the answer is the unknown label.

    Args:
        scores_N: Score of each dev row's likeliest label; 0 where no feature speaks for it.
        right_N: Whether that label is the right one.
        settings: What was asked for.

    Raises:
        InputError: No cut has the precision.
    """
    if settings.precision is not None:
        chosen = threshold_for_precision(scores_N, right_N, settings.precision)
    else:
        chosen = threshold_for_recall(scores_N, right_N, settings.recall or settings.keep_right)
    return between_scores(scores_N, chosen.threshold)


def describe_answers(given_N: Flags, right_N: Flags, settings: FitSettings) -> dict[str, Any]:
    """What an artifact says of a many-class cut, from the dev rows that get an answer and those that are right."""
    return {
        "asked": {"precision": settings.precision}
        if settings.precision is not None
        else {"recall": settings.recall or settings.keep_right},
        "dev_answered": round(float(given_N.mean()), 4),
        "dev_precision": round(float(right_N[given_N].mean()), 4),
    }
