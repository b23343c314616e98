"""Closed-form strategies of transfer: a new cut, adapted weights, new weights.

The ranking of a rule often transfers to a language where its cut does not. Weights are adapted by ridge regression with
a prior mean: the penalty is on the distance from the classifier's weights instead of from 0, so that few examples
change them little and many change them more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.linear_sum import transformed
from scopesift_classifiers.artifact.rule import linear_rules
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.fitting.stored_cut import above_nothing, best_cut, between_margins
from scopesift_classifiers.measuring.objective import Objective
from scopesift_classifiers.rule_search.found_rules import FoundRules
from scopesift_classifiers.rule_search.moments import Targets, rank_columns
from scopesift_classifiers.rule_search.ranking import WHOLE
from scopesift_classifiers.rule_search.ridge import Floats, fit_ridges
from scopesift_classifiers.transfer.strategy import Fit, Fits

PENALTIES = (300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
"""Penalties to choose from; a few hundred examples need much larger ones than thousands."""
SIZES = (128, 512, 2048, 4096)
"""Numbers of features to choose from; more features cost time at inference."""
CANDIDATES, ENTRIES = 2048, 12_000_000
"""Limits of the regression's features and of its matrix entries. With few examples a selection by labels is unreliable,
so features are not preselected as long as they fit.
"""
PRIOR_SHARE = 0.75
"""Factor of the prior's scaled weights, chosen on dev rows of eight languages with the rule fitted on the others: 1 was
worse with 350 examples, .5 with 20.
"""
SPREAD_FLOOR = 0.25
"""Share of the features' mean standard deviation that is added to each one's before scaling."""

Flags = NDArray[np.bool_]


def recut(rule: FoundRules) -> Fit:
    """The unchanged rule with the best cut on the examples."""

    def fit(table: FeatureTable, positive_N: Flags, fold_N: NDArray[np.int64]) -> Fits:
        margins_N = rule.margins(table)[:, 0]
        found: Fits = {}
        for fold, rows in _fits(fold_N):
            best, _ = best_cut(margins_N[rows], positive_N[rows], Objective())
            bar = above_nothing(between_margins(margins_N[rows], best), rule.rule)
            found[fold] = [replace(rule, bar=bar)]
        return found

    return fit


def refitted() -> Fit:
    """Ridge regression over all features, reduced to those with the largest weights."""

    def start(table: FeatureTable, y_N: Floats, weight_N: Floats) -> tuple[float, float]:
        return 0.0, 0.0

    return _moved_from(None, start)


def adapted(rule: FoundRules) -> Fit:
    """Half of a linear rule's weights, scaled by least squares, plus a ridge regression over all features."""

    def start(table: FeatureTable, y_N: Floats, weight_N: Floats) -> tuple[float, float]:
        margins_N = rule.margins(table)[:, 0] - rule.bar
        total = weight_N.sum()
        mean, y_mean = weight_N @ margins_N / total, weight_N @ y_N / total
        spread = weight_N @ (margins_N - mean) ** 2
        slope = weight_N @ ((margins_N - mean) * (y_N - y_mean)) / spread if spread > 0 else 0.0
        slope = PRIOR_SHARE * max(float(slope), 0.0)  # an inverted ranking is not used as prior
        return slope, float(y_mean - slope * mean)

    return _moved_from(rule, start)


def _moved_from(
    prior: FoundRules | None, start: Callable[[FeatureTable, Floats, Floats], tuple[float, float]]
) -> Fit:
    """Ridge regression on the residuals of a scaled prior rule; variants differ in the number of features.

    The penalty is chosen by cross-validated squared error.
    """

    def fit(table: FeatureTable, positive_N: Flags, fold_N: NDArray[np.int64]) -> Fits:
        targets = Targets.of_two(positive_N)
        ranked = rank_columns(table, targets, fold_N, max(CANDIDATES, ENTRIES // len(positive_N)))
        regressions = {}
        errors = np.zeros(len(PENALTIES))
        for fold, rows in _fits(fold_N):
            part, columns = table.rows(rows), np.sort(ranked[fold])
            own = Targets.of_two(positive_N[rows])
            slope, offset = start(part, own.y_NC[:, 0], own.weight_N)

            def explained(some: FeatureTable, slope: float = slope, offset: float = offset) -> Floats:
                """Prediction of the scaled prior, `[N, 1]`."""
                if prior is None:
                    return np.full((some.n_documents, 1), offset)
                return offset + slope * (prior.margins(some) - prior.bar)

            regression = _Regression.of(part, columns, own.y_NC - explained(part), own.weight_N)
            regressions[fold] = slope, offset, regression
            if fold != WHOLE:
                held = np.flatnonzero(fold_N == fold)
                held_table, y_N1 = table.rows(held), targets.y_NC[held]
                errors += regression.errors(held_table, y_N1 - explained(held_table), targets.weight_N[held])
        penalty = PENALTIES[int(np.argmin(errors))]
        return {
            fold: [
                _joined(prior, slope, offset, columns, weights_P, bias)
                for columns, weights_P, bias in regression.cut(penalty)
            ]
            for fold, (slope, offset, regression) in regressions.items()
        }

    return fit


@dataclass(frozen=True, eq=False)
class _Regression:
    """Ridge regression over columns of a table.

    Features are divided by the square root of their standard deviation, between no scaling and standardisation.

    Attributes:
        columns: The features, ascending.
        scale_P: Factor of each.
        x_NP: Their transformed activations, scaled.
        y_N1, weight_N: Targets and weights.
    """

    columns: NDArray[np.int64]
    scale_P: Floats
    x_NP: Floats
    y_N1: Floats
    weight_N: Floats

    @classmethod
    def of(
        cls, table: FeatureTable, columns: NDArray[np.int64], y_N1: Floats, weight_N: Floats
    ) -> _Regression:
        """Scale the activations of some columns."""
        x_NP = transformed(table.dense(columns.tolist()))
        spread_P = x_NP.std(axis=0)
        floor = SPREAD_FLOOR * spread_P.sum() / max(len(spread_P), 1)
        scale_P = 1 / np.sqrt(spread_P + (floor if floor > 0 else 1.0))
        return cls(columns, scale_P, x_NP * scale_P, y_N1, weight_N)

    def errors(self, held: FeatureTable, y_N1: Floats, weight_N: Floats) -> Floats:
        """Squared error of each penalty on held-out documents."""
        x_NP = transformed(held.dense(self.columns.tolist())) * self.scale_P
        ridges = fit_ridges(self.x_NP, self.y_N1, self.weight_N, PENALTIES)
        return np.array([float(weight_N @ (ridge.predict(x_NP) - y_N1)[:, 0] ** 2) for ridge in ridges])

    def cut(self, penalty: float) -> Iterator[tuple[NDArray[np.int64], Floats, float]]:
        """Columns, weights and intercept for every number of features, ascending, each solved again."""
        (every,) = fit_ridges(self.x_NP, self.y_N1, self.weight_N, (penalty,))
        order = np.argsort(-np.abs(every.weights_PC[:, 0]) * self.x_NP.std(axis=0), kind="stable")
        for size in SIZES:
            places, ridge = np.sort(order[:size]), every
            if len(places) < len(order):
                (ridge,) = fit_ridges(self.x_NP[:, places], self.y_N1, self.weight_N, (penalty,))
            yield self.columns[places], ridge.weights_PC[:, 0] * self.scale_P[places], float(ridge.bias_C[0])


def _fits(fold_N: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """The omitted fold (or `WHOLE`) and the remaining rows."""
    for fold in (WHOLE, *np.unique(fold_N).tolist()):
        yield fold, np.flatnonzero(fold_N != fold)


def _joined(
    prior: FoundRules | None,
    slope: float,
    offset: float,
    columns: NDArray[np.int64],
    weights_P: Floats,
    constant: float,
) -> FoundRules:
    """One linear rule: the prior's scaled weights plus the regression; it fires from margin 0 on."""
    weight_of = dict(zip(columns.tolist(), weights_P.tolist(), strict=True))
    bias = offset + constant
    if prior is not None and slope > 0:
        bias += slope * (prior.rule.bias - prior.bar)
        for column, weight in zip(prior.columns, prior.rule.weights, strict=True):
            weight_of[column] = weight_of.get(column, 0.0) + slope * weight
    own = sorted(weight_of)
    rules = linear_rules(np.array([weight_of[column] for column in own])[:, None], np.array([bias]))
    return FoundRules(tuple(own), (0.0,) * len(own), rules, above_nothing(0.0, rules[0]))
