"""The many-class form: log-odds of firing, counted, over features that set one class apart from the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.counting import (
    FeatureTable,
    firing_rates,
    one_hot,
    rate_differences,
    round_significant,
    threshold_grid,
)
from scopesift_classifiers.rule import LOG_ODDS, Rule, firing

LEVELS = (0.0, 0.3, 0.6, 0.85)
SMOOTHING = 0.5
TOLERANCE = 0.002
"""Fewer features win unless more gain at least this much dev accuracy: an artifact is made to be read."""


@dataclass(frozen=True)
class LogOddsSettings:
    """How many features speak.

    Attributes:
        per_class: Numbers of features a class to try; dev accuracy decides.
    """

    per_class: tuple[int, ...] = (8, 16, 32, 64)


@dataclass(frozen=True, eq=False)
class FoundLogOdds:
    """Columns of the feature table with thresholds, and one log-odds rule a class."""

    columns: tuple[int, ...]
    thresholds: tuple[float, ...]
    rules: dict[str, Rule]
    dev_accuracy: float


def rank_features(
    table: FeatureTable, labels: Sequence[str], classes: Sequence[str]
) -> list[list[tuple[int, float]]]:
    """For every class, columns with their best threshold, largest one-against-rest rate difference first."""
    members_NC = one_hot(labels, classes)
    grid_QF = threshold_grid(table.acts_NF, LEVELS)
    delta_QCF = rate_differences(firing_rates(table.acts_NF, grid_QF, members_NC), members_NC)
    ranked = []
    for row in range(len(classes)):
        level_F = delta_QCF[:, row].argmax(axis=0)
        best_F = delta_QCF[:, row].max(axis=0)
        order = np.argsort(-best_F, kind="stable")
        ranked.append([(int(f), float(grid_QF[level_F[f], f])) for f in order[:512] if best_F[f] > 0])
    return ranked


def count_rules(
    fires_NS: NDArray[np.bool_], labels: Sequence[str], classes: Sequence[str]
) -> dict[str, Rule]:
    """Bernoulli log-odds of every class (naive Bayes), with smoothed counts and equal priors.

    Args:
        fires_NS: Which documents fire which features.
        labels: Their labels.
        classes: The order of the rules.
    """
    members_NC = one_hot(labels, classes).astype(np.float64)
    sizes_C = members_NC.sum(axis=0)
    rates_CS = (members_NC.T @ fires_NS + SMOOTHING) / (sizes_C[:, None] + 2 * SMOOTHING)
    silent_CS = np.log1p(-rates_CS)
    weights_CS = np.log(rates_CS) - silent_CS
    # what all classes share moves no decision: centred weights are smaller and read as "for" and "against"
    weights_CS = weights_CS - weights_CS.mean(axis=0)
    bias_C = silent_CS.sum(axis=1) - silent_CS.sum(axis=1).mean()
    return {
        name: Rule(
            LOG_ODDS,
            weights=tuple(round(float(weight), 3) for weight in weights_CS[row]),
            bias=round(float(bias_C[row]), 3),
        )
        for row, name in enumerate(classes)
    }


def search_log_odds(
    fit: FeatureTable,
    labels_fit: Sequence[str],
    dev: FeatureTable,
    labels_dev: Sequence[str],
    settings: LogOddsSettings,
    on_step: Callable[[str], None] | None = None,
) -> FoundLogOdds:
    """Choose how many features a class speak, by dev accuracy; fewer win a tie.

    Args:
        fit: Document features to count on.
        labels_fit: Their labels.
        dev: Document features that choose the number.
        labels_dev: Their labels.
        settings: The numbers to try.
        on_step: Receives a line for each number.
    """
    classes = sorted(set(labels_fit))
    ranked = rank_features(fit, labels_fit, classes)
    truth = np.array(labels_dev)
    best: FoundLogOdds | None = None
    for per_class in settings.per_class:
        thresholds: dict[int, float] = {}
        for candidates in ranked:
            for column, threshold in candidates[:per_class]:
                thresholds.setdefault(column, threshold)
        columns = tuple(sorted(thresholds))
        cuts_S = round_significant(np.array([thresholds[column] for column in columns], dtype=np.float32))
        rules = count_rules(firing(fit.dense(columns), cuts_S), labels_fit, classes)
        dev_NS = dev.dense(columns)
        margins = np.stack([rules[name].margins(dev_NS, cuts_S) for name in classes], axis=1)
        accuracy = float((np.array(classes)[margins.argmax(axis=1)] == truth).mean())
        if on_step is not None:
            on_step(f"{per_class} a class: {len(columns)} features, dev accuracy {accuracy:.3f}")
        if best is None or accuracy >= best.dev_accuracy + TOLERANCE:
            best = FoundLogOdds(columns, tuple(float(cut) for cut in cuts_S), rules, accuracy)
    if best is None:
        raise ValueError("settings.per_class is empty; give at least one number")
    return best
