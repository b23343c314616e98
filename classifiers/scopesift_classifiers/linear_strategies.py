"""Closed-form ways to carry a classifier to a new language: a new cut, moved weights, new weights.

The ranking of a rule often carries over to a language where its cut does not. Weights are moved by ridge regression
with a prior mean: the penalty is on the distance from the classifier's own weights instead of from 0, so that few
examples move them little and many move them far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.counting import FeatureTable
from scopesift_classifiers.few_shot_rule import FewShotRule, Fit, Fits
from scopesift_classifiers.linear_moments import Targets, rank_columns
from scopesift_classifiers.linear_sum import SQRT, rounded_weights, transformed
from scopesift_classifiers.objective import Objective
from scopesift_classifiers.ranking import WHOLE
from scopesift_classifiers.ridge import Floats, Moments, Ridge, fit_ridges, ridges_of_moments
from scopesift_classifiers.rule import LINEAR, Rule
from scopesift_classifiers.stored_cut import above_nothing, best_cut, between_margins

PENALTIES = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3)
"""Strengths of the penalty to choose from; a few hundred examples want a far stronger one than thousands."""
SIZES = (128, 512)
"""Numbers of features to choose from: what a rule reads costs at every later text."""
CANDIDATES = 2048

Flags = NDArray[np.bool_]


def recut(rule: FewShotRule) -> Fit:
    """The rule as it is, with the cut that is best on the examples."""

    def fit(table: FeatureTable, positive_N: Flags, fold_N: NDArray[np.int64]) -> Fits:
        margins_N = rule.margins(table)
        found: Fits = {}
        for fold, rows in _fits(fold_N):
            best, _ = best_cut(margins_N[rows], positive_N[rows], Objective())
            bar = above_nothing(between_margins(margins_N[rows], best), rule.rule)
            found[fold] = [FewShotRule(rule.columns, rule.thresholds, rule.rule, bar)]
        return found

    return fit


def refitted() -> Fit:
    """Ridge regression over all features, cut to the ones that weigh most."""

    def start(table: FeatureTable, y_N: Floats, weight_N: Floats) -> tuple[float, float]:
        return 0.0, 0.0

    return _moved_from(None, start)


def adapted(rule: FewShotRule) -> Fit:
    """A linear rule's weights, scaled by least squares and moved by ridge regression over all features."""

    def start(table: FeatureTable, y_N: Floats, weight_N: Floats) -> tuple[float, float]:
        margins_N = rule.margins(table) - rule.bar
        total = weight_N.sum()
        mean, y_mean = weight_N @ margins_N / total, weight_N @ y_N / total
        spread = weight_N @ (margins_N - mean) ** 2
        slope = weight_N @ ((margins_N - mean) * (y_N - y_mean)) / spread if spread > 0 else 0.0
        slope = max(float(slope), 0.0)  # a ranking that is upside down is no prior
        return slope, float(y_mean - slope * mean)

    return _moved_from(rule, start)


def _moved_from(
    prior: FewShotRule | None, start: Callable[[FeatureTable, Floats, Floats], tuple[float, float]]
) -> Fit:
    """Ridge regression of what a scaled prior rule leaves unexplained; variants differ in penalty and features."""

    def fit(table: FeatureTable, positive_N: Flags, fold_N: NDArray[np.int64]) -> Fits:
        targets = Targets.of_two(positive_N)
        ranked = rank_columns(table, targets, fold_N, CANDIDATES)
        found: Fits = {}
        for fold, rows in _fits(fold_N):
            own = Targets.of_two(positive_N[rows])
            part, columns = table.rows(rows), np.sort(ranked[fold])
            slope, offset = start(part, own.y_NC[:, 0], own.weight_N)
            rest_N1 = own.y_NC - offset
            if prior is not None:
                rest_N1 = rest_N1 - slope * (prior.margins(part) - prior.bar)[:, None]
            x_NP = transformed(part.dense(columns.tolist()))
            found[fold] = [
                _joined(prior, slope, offset, columns[places], ridge)
                for places, ridge in _cut_ridges(x_NP, rest_N1, own.weight_N)
            ]
        return found

    return fit


def _fits(fold_N: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """The fold that is left out (or `WHOLE`) and the rows that remain."""
    for fold in (WHOLE, *np.unique(fold_N).tolist()):
        yield fold, np.flatnonzero(fold_N != fold)


def _cut_ridges(x_NP: Floats, y_N1: Floats, weight_N: Floats) -> Iterator[tuple[NDArray[np.int64], Ridge]]:
    """Places and regression of every variant, the fewest features and the strongest penalty first."""
    n_rows, n_features = x_NP.shape
    moments = Moments.of(x_NP, y_N1, weight_N) if n_rows >= n_features else None

    def solved(places: NDArray[np.int64], penalties: Sequence[float]) -> list[Ridge]:
        if moments is not None:  # gathered once for all numbers of features
            return ridges_of_moments(moments.at(places), penalties)
        return fit_ridges(x_NP[:, places], y_N1, weight_N, penalties)

    spread_P = x_NP.std(axis=0)
    orders = [
        np.argsort(-np.abs(ridge.weights_PC[:, 0]) * spread_P, kind="stable")
        for ridge in solved(np.arange(n_features), PENALTIES)
    ]
    for size, (penalty, order) in product(SIZES, zip(PENALTIES, orders, strict=True)):
        places = np.sort(order[:size])
        yield places, solved(places, (penalty,))[0]


def _joined(
    prior: FewShotRule | None,
    slope: float,
    offset: float,
    columns: NDArray[np.int64],
    ridge: Ridge,
) -> FewShotRule:
    """One linear rule from the prior's scaled weights and what they are moved by; it fires from margin 0 on."""
    weight_of = dict(zip(columns.tolist(), ridge.weights_PC[:, 0].tolist(), strict=True))
    bias = offset + float(ridge.bias_C[0])
    if prior is not None and slope > 0:
        bias += slope * (prior.rule.bias - prior.bar)
        for column, weight in zip(prior.columns, prior.rule.weights, strict=True):
            weight_of[column] = weight_of.get(column, 0.0) + slope * weight
    own = sorted(weight_of)
    weights_SC, bias_C = rounded_weights(
        np.array([weight_of[column] for column in own])[:, None], np.array([bias])
    )
    rule = Rule(LINEAR, weights=tuple(weights_SC[:, 0].tolist()), bias=float(bias_C[0]), transform=SQRT)
    return FewShotRule(tuple(own), (0.0,) * len(own), rule, above_nothing(0.0, rule))
