"""Closed-form ways to carry a classifier to a new language: a new cut, moved weights, new weights.

The ranking of a rule often carries over to a language where its cut does not. Weights are moved by ridge regression
with a prior mean: the penalty is on the distance from the classifier's own weights instead of from 0, so that few
examples move them little and many move them far.
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
"""Strengths of the penalty to choose from; a few hundred examples want a far stronger one than thousands."""
SIZES = (128, 512, 2048, 4096)
"""Numbers of features to choose from: what a rule reads costs at every later text."""
CANDIDATES, ENTRIES = 2048, 12_000_000
"""Features of the regression: so many, or as many as make so many numbers of the examples.

Which features differ between the labels is hard to say from few examples: the penalty knows better what to do with all.
"""
PRIOR_SHARE = 0.5
"""How much of the prior's scaled weights the regression starts from.

Chosen on dev rows of eight languages: the whole of it held 350 examples back, and without any of it 36 did not do.
"""
SPREAD_FLOOR = 0.25
"""Share of the features' mean spread that is added to each one's own before it is scaled."""

Flags = NDArray[np.bool_]


def recut(rule: FoundRules) -> Fit:
    """The rule as it is, with the cut that is best on the examples."""

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
    """Ridge regression over all features, cut to the ones that weigh most."""

    def start(table: FeatureTable, y_N: Floats, weight_N: Floats) -> tuple[float, float]:
        return 0.0, 0.0

    return _moved_from(None, start)


def adapted(rule: FoundRules) -> Fit:
    """Half of a linear rule's weights, scaled by least squares, and what ridge regression over all features adds."""

    def start(table: FeatureTable, y_N: Floats, weight_N: Floats) -> tuple[float, float]:
        margins_N = rule.margins(table)[:, 0] - rule.bar
        total = weight_N.sum()
        mean, y_mean = weight_N @ margins_N / total, weight_N @ y_N / total
        spread = weight_N @ (margins_N - mean) ** 2
        slope = weight_N @ ((margins_N - mean) * (y_N - y_mean)) / spread if spread > 0 else 0.0
        slope = PRIOR_SHARE * max(float(slope), 0.0)  # a ranking that is upside down is no prior
        return slope, float(y_mean - slope * mean)

    return _moved_from(rule, start)


def _moved_from(
    prior: FoundRules | None, start: Callable[[FeatureTable, Floats, Floats], tuple[float, float]]
) -> Fit:
    """Ridge regression of what a scaled prior rule leaves unexplained; variants differ in the number of features.

    The penalty is that with the least squared error on the folds that were left out.
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
                """What the scaled prior says already, `[N, 1]`."""
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

    Features are divided by the square root of their spread: halfway between leaving rare features as small as they are
    and making all alike.

    Attributes:
        columns: The features, ascending.
        scale_P: What each is multiplied with.
        x_NP: Their transformed activations, scaled.
        y_N1, weight_N: What is regressed on.
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
        """Squared error of each penalty on documents that were left out."""
        x_NP = transformed(held.dense(self.columns.tolist())) * self.scale_P
        ridges = fit_ridges(self.x_NP, self.y_N1, self.weight_N, PENALTIES)
        return np.array([float(weight_N @ (ridge.predict(x_NP) - y_N1)[:, 0] ** 2) for ridge in ridges])

    def cut(self, penalty: float) -> Iterator[tuple[NDArray[np.int64], Floats, float]]:
        """Columns, weights and constant for every number of features, the fewest first, solved again for these."""
        (every,) = fit_ridges(self.x_NP, self.y_N1, self.weight_N, (penalty,))
        order = np.argsort(-np.abs(every.weights_PC[:, 0]) * self.x_NP.std(axis=0), kind="stable")
        for size in SIZES:
            places, ridge = np.sort(order[:size]), every
            if len(places) < len(order):
                (ridge,) = fit_ridges(self.x_NP[:, places], self.y_N1, self.weight_N, (penalty,))
            yield self.columns[places], ridge.weights_PC[:, 0] * self.scale_P[places], float(ridge.bias_C[0])


def _fits(fold_N: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """The fold that is left out (or `WHOLE`) and the rows that remain."""
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
    """One linear rule from the prior's scaled weights and what they are moved by; it fires from margin 0 on."""
    weight_of = dict(zip(columns.tolist(), weights_P.tolist(), strict=True))
    bias = offset + constant
    if prior is not None and slope > 0:
        bias += slope * (prior.rule.bias - prior.bar)
        for column, weight in zip(prior.columns, prior.rule.weights, strict=True):
            weight_of[column] = weight_of.get(column, 0.0) + slope * weight
    own = sorted(weight_of)
    rules = linear_rules(np.array([weight_of[column] for column in own])[:, None], np.array([bias]))
    return FoundRules(tuple(own), (0.0,) * len(own), rules, above_nothing(0.0, rules[0]))
