"""The choice of a fit's cut on the dev rows, and its description in the artifact."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.rule import Rule
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.measuring.cuts import FALSE_POSITIVE_RATE, RECALL, Cuts, Requirement
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.measuring.objective import Objective

ABOVE = 1e-6
"""Minimum distance of a cut above the bias: more than a margin's rounding error, less than any contribution."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def binary_cut(scores_N: Floats, positive_N: Flags, settings: FitSettings) -> float | None:
    """The cut with the required precision, recall or false-positive rate; None if none is required.

    Args:
        scores_N: Scores of the dev rows.
        positive_N: Which of them are positive.
        settings: The requirements.

    Raises:
        InputError: No cut has the required value, or there are too few rows to show a false-positive rate.
    """
    required = settings.required
    if required is None:
        return None
    cuts = Cuts.of(scores_N, positive_N)
    documents = required.documents if required.rate == FALSE_POSITIVE_RATE else 0
    return cuts.between(cuts.meeting(required, documents))


def best_cut(scores_N: Floats, positive_N: Flags, objective: Objective) -> tuple[float, float]:
    """The cut with the best objective, and its value; on ties the higher cut.

    Args:
        scores_N: Scores or margins.
        positive_N: Which documents are positive.
        objective: The objective to maximise.
    """
    cuts = Cuts.of(scores_N, positive_N)
    value = objective.of_counts(cuts.tp_C, cuts.fp_C, cuts.positives - cuts.tp_C, cuts.negatives - cuts.fp_C)
    best = int(np.argmax(value))
    return float(cuts.scores_C[best]), float(value[best])


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
    return {
        "asked": _asked(settings.required),
        "dev_precision": round(at_cut.precision, 4),
        "dev_recall": round(at_cut.recall, 4),
        "dev_false_positive_rate": round(at_cut.false_positive_rate, 4),
    }


def answer_cut(values_N: Floats, right_N: Flags, settings: FitSettings) -> float:
    """The cut of a many-label decision, below which the unknown label is given.

    Without a requirement it is the highest one that keeps enough right answers, so that most unknown texts are below.

    Args:
        values_N: Score (or level) of each dev row's most likely label; the lowest of all without evidence for it.
        right_N: Whether that label is correct.
        settings: The requirements.

    Raises:
        InputError: No cut has the required precision, or no answer is right.
    """
    cuts = Cuts.of(values_N, right_N)
    at = cuts.meeting(_of_answers(settings))
    if settings.required is None:
        at = int((cuts.rates(RECALL) >= settings.keep_right).argmax())
    return cuts.between(at)


def describe_answers(given_N: Flags, right_N: Flags, settings: FitSettings) -> dict[str, Any]:
    """The artifact's description of a many-label cut, from the dev rows with a label and those with the correct one."""
    return {
        "asked": _asked(_of_answers(settings)),
        "dev_answered": round(float(given_N.mean()), 4),
        "dev_precision": round(float(right_N[given_N].mean()), 4),
    }


def _of_answers(settings: FitSettings) -> Requirement:
    """The requirement of a many-label cut."""
    return settings.required or Requirement(RECALL, settings.keep_right)


def _asked(required: Requirement | None) -> dict[str, float]:
    return {} if required is None else {required.rate: required.value}
