"""The many-class form: log-odds of the classes given which features fire.

Weights come from counts alone: how often each class fires each feature, and how often two features fire together
inside a class (Fisher's linear discriminant, 1936, with a shrunken pooled covariance). Treating features as
independent (naive Bayes) counts the same evidence many times over: SAE features of one word fire together.
"""

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
TOLERANCE = 0.004
"""Fewer features win unless more gain at least this much dev accuracy: an artifact is made to be read."""


@dataclass(frozen=True)
class LogOddsSettings:
    """How many features speak.

    Attributes:
        per_class: Numbers of features a class to try; dev accuracy decides.
        shrinkage: How much of the mean variance is added to every feature's own; dev accuracy decides.
    """

    per_class: tuple[int, ...] = (8, 16, 32, 64)
    shrinkage: tuple[float, ...] = (0.1, 1.0)


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
    fires_NS: NDArray[np.bool_], labels: Sequence[str], classes: Sequence[str], shrinkage: float
) -> dict[str, Rule]:
    """Log-odds of every class, from rates and co-firing within classes; priors as counted.

    Args:
        fires_NS: Which documents fire which features.
        labels: Their labels.
        classes: The order of the rules.
        shrinkage: Share of the mean variance that is added to the diagonal of the covariance; above 0.
    """
    members_NC = one_hot(labels, classes).astype(np.float64)
    fires = fires_NS.astype(np.float64)
    sizes_C = members_NC.sum(axis=0)
    rates_CS = members_NC.T @ fires / sizes_C[:, None]
    residual_NS = fires - members_NC @ rates_CS
    covariance_SS = residual_NS.T @ residual_NS / len(fires)
    spread = max(float(np.diag(covariance_SS).mean()), 1e-6)
    covariance_SS[np.diag_indices_from(covariance_SS)] += shrinkage * spread
    weights_CS = np.linalg.solve(covariance_SS, rates_CS.T).T
    bias_C = np.log(sizes_C / sizes_C.sum()) - 0.5 * (weights_CS * rates_CS).sum(axis=1)
    # what all classes share moves no decision: centred weights are smaller and read as "for" and "against"
    weights_CS = weights_CS - weights_CS.mean(axis=0)
    bias_C = bias_C - bias_C.mean()
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
        fires_NS, dev_NS = firing(fit.dense(columns), cuts_S), dev.dense(columns)
        for shrinkage in settings.shrinkage:
            rules = count_rules(fires_NS, labels_fit, classes, shrinkage)
            margins = np.stack([rules[name].margins(dev_NS, cuts_S) for name in classes], axis=1)
            accuracy = float((np.array(classes)[margins.argmax(axis=1)] == truth).mean())
            if on_step is not None:
                on_step(f"{len(columns)} features, shrinkage {shrinkage:g}: dev accuracy {accuracy:.3f}")
            if best is None or accuracy >= best.dev_accuracy + TOLERANCE:
                best = FoundLogOdds(columns, tuple(float(cut) for cut in cuts_S), rules, accuracy)
    if best is None:
        raise ValueError("settings.per_class or settings.shrinkage is empty; give at least one number each")
    return best
