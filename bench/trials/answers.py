"""Answers of fitted systems, and their metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.measuring.calibration_error import reliability
from scopesift_classifiers.measuring.metrics import BinaryMetrics, ManyClassMetrics

from bench.trials.parts import Part

METRICS = ("f1", "macro_f1", "balanced_accuracy")


@dataclass(frozen=True, eq=False)
class SystemAnswers:
    """What a system says of N rows.

    Attributes:
        label_N: The label of each.
        score_N: With two labels, larger if the positive one is more likely; otherwise None.
        probability_N: Calibrated probability of the positive label; None if the system has none.
    """

    label_N: NDArray[np.str_]
    score_N: NDArray[np.float64] | None = None
    probability_N: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted system.

    Attributes:
        answer: Gives the answers for a part.
        about: Its settings and its quality on the dev rows; JSON values.
        beside: Systems that it was chosen from, by name.
    """

    answer: Callable[[Part], SystemAnswers]
    about: dict[str, Any]
    beside: dict[str, Fitted] = field(default_factory=dict)


def measure_binary(system: Fitted, part: Part, positive: str) -> dict[str, Any]:
    """Metrics of a system with two labels on a part.

    Returns:
        `METRICS`, "auc" (area under the ROC curve), "ece" (expected calibration error over the bins of `reliability`;
        if there are probabilities), "beside" (balanced accuracy of the systems that it was chosen from, if there are
        any), and "about".
    """
    from sklearn.metrics import roc_auc_score

    answers = system.answer(part)
    truth_N = np.array(part.rows.labels, dtype=str) == positive
    found = BinaryMetrics.of(truth_N, answers.label_N == positive)
    measured: dict[str, Any] = {name: round(getattr(found, name), 4) for name in METRICS}
    measured["auc"] = round(float(roc_auc_score(truth_N, answers.score_N)), 4)
    if answers.probability_N is not None:
        bins = reliability(answers.probability_N, truth_N)
        gap = np.sum(bins.documents * np.abs(bins.predicted - bins.observed)) / len(truth_N)
        measured["ece"] = round(float(gap), 4)
    if system.beside:
        measured["beside"] = {
            name: _balanced_accuracy(one, part, truth_N, positive) for name, one in system.beside.items()
        }
    return measured | {"about": system.about}


def _balanced_accuracy(system: Fitted, part: Part, truth_N: NDArray[np.bool_], positive: str) -> float:
    return round(BinaryMetrics.of(truth_N, system.answer(part).label_N == positive).balanced_accuracy, 4)


def weighted_f1(system: Fitted, part: Part) -> float:
    """Mean F1 over labels, weighted by their number of rows, as scikit-learn's "weighted"."""
    found = ManyClassMetrics.of(part.rows.labels, system.answer(part).label_N)
    total = sum(row["f1"] * row["n"] for row in found.per_class.values()) / found.n
    return round(float(total), 4)
