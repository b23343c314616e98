"""Closed-form strategies of transfer with two labels: a new cut, adapted weights, new weights.

The ranking of a rule often transfers to a language where its cut does not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.rule import linear_rules
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.fitting.stored_cut import above_nothing, best_cut, between_margins
from scopesift_classifiers.measuring.objective import Objective
from scopesift_classifiers.rule_search.found_rules import FoundRules
from scopesift_classifiers.rule_search.moments import Targets
from scopesift_classifiers.transfer.moved_weights import Moved, fits_of, move_weights
from scopesift_classifiers.transfer.strategy import Fit, Fits

Flags = NDArray[np.bool_]


def recut(rule: FoundRules) -> Fit:
    """The unchanged rule with the best cut on the examples."""

    def fit(table: FeatureTable, positive_N: Flags, fold_N: NDArray[np.int64]) -> Fits:
        margins_N = rule.margins(table)[:, 0]
        found: Fits = {}
        for fold, rows in fits_of(fold_N):
            best, _ = best_cut(margins_N[rows], positive_N[rows], Objective())
            bar = above_nothing(between_margins(margins_N[rows], best), rule.rule)
            found[fold] = [replace(rule, bar=bar)]
        return found

    return fit


def refitted() -> Fit:
    """Ridge regression over all features, reduced to those with the largest weights."""
    return _moved_from(None)


def adapted(rule: FoundRules) -> Fit:
    """Three quarters of a linear rule's weights, scaled by least squares, plus a ridge regression over all features."""
    return _moved_from(rule)


def _moved_from(prior: FoundRules | None) -> Fit:
    """Rules whose weights are moved from a prior rule's; variants differ in the number of features."""

    def fit(table: FeatureTable, positive_N: Flags, fold_N: NDArray[np.int64]) -> Fits:
        sums = None if prior is None else (lambda some: prior.margins(some) - prior.bar)
        found = move_weights(table, Targets.of_two(positive_N), fold_N, sums)
        return {fold: [_joined(prior, moved) for moved in variants] for fold, variants in found.items()}

    return fit


def _joined(prior: FoundRules | None, moved: Moved) -> FoundRules:
    """One linear rule: the prior's scaled weights plus the regression; it fires from margin 0 on."""
    weight_of = dict(zip(moved.columns.tolist(), moved.weights_PC[:, 0].tolist(), strict=True))
    bias = float(moved.bias_C[0])
    if prior is not None and moved.slope > 0:
        bias += moved.slope * (prior.rule.bias - prior.bar)
        for column, weight in zip(prior.columns, prior.rule.weights, strict=True):
            weight_of[column] = weight_of.get(column, 0.0) + moved.slope * weight
    own = sorted(weight_of)
    rules = linear_rules(np.array([weight_of[column] for column in own])[:, None], np.array([bias]))
    return FoundRules(tuple(own), (0.0,) * len(own), rules, above_nothing(0.0, rules[0]))
