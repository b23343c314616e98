"""Ridge regression that starts from a classifier's sums: weights move from a prior instead of from 0.

The regression is on what the scaled prior leaves unexplained, so that the penalty is on the distance from the prior's
weights: few examples move them little and many move them more. The penalty is chosen by cross-validated squared error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.linear_sum import transformed
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.rule_search.moments import Targets, rank_columns
from scopesift_classifiers.rule_search.ranking import WHOLE
from scopesift_classifiers.rule_search.ridge import Floats, fit_ridges

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

Ints = NDArray[np.int64]
Sums = Callable[[FeatureTable], Floats]
"""The prior's sums of every document, `[N, C]`."""


@dataclass(frozen=True, eq=False)
class Moved:
    """Sums of C labels: slope times the prior's, plus weights of P features, plus constants.

    Attributes:
        slope: Factor of the prior; 0 without one.
        columns: The features, ascending.
        weights_PC: Their weights.
        bias_C: The constants.
    """

    slope: float
    columns: Ints
    weights_PC: Floats
    bias_C: Floats


def move_weights(
    table: FeatureTable,
    targets: Targets,
    fold_N: Ints,
    prior: Sums | None,
    columns: Sequence[int] | None = None,
) -> dict[int, list[Moved]]:
    """Fit on all examples (key `WHOLE`) and without each fold; variants differ in the number of features.

    Args:
        table: Document features of the N examples.
        targets: Their C targets and weights.
        fold_N: Their folds.
        prior: Sums to start from, or None.
        columns: Features that may get weights; None: all, those that separate the labels best if there are too many;
            empty: only the constants are fitted.
    """
    if columns is None:
        ranked = rank_columns(table, targets, fold_N, max(CANDIDATES, ENTRIES // len(fold_N)))
    regressions, errors = {}, np.zeros(len(PENALTIES))
    for fold, rows in fits_of(fold_N):
        part = table.rows(rows)
        own = np.sort(ranked[fold]) if columns is None else np.array(sorted(columns), dtype=np.int64)
        y_NC, weight_N = targets.y_NC[rows], targets.weight_N[rows]
        if targets.y_NC.shape[1] == 1:
            weight_N = Targets.of_two(y_NC[:, 0] > 0).weight_N
        slope, offset_C = _start(part, y_NC, weight_N, prior)

        def explained(some: FeatureTable, slope: float = slope, offset_C: Floats = offset_C) -> Floats:
            return offset_C + (0.0 if prior is None else slope * prior(some))

        regression = _Regression.of(part, own, y_NC - explained(part), weight_N)
        regressions[fold] = slope, offset_C, regression
        if fold != WHOLE and len(own):
            held = np.flatnonzero(fold_N == fold)
            held_table = table.rows(held)
            errors += regression.errors(
                held_table, targets.y_NC[held] - explained(held_table), targets.weight_N[held]
            )
    penalty = PENALTIES[int(np.argmin(errors))]
    return {
        fold: [
            Moved(slope, own, weights_PC, offset_C + bias_C)
            for own, weights_PC, bias_C in regression.cut(penalty)
        ]
        for fold, (slope, offset_C, regression) in regressions.items()
    }


def fits_of(fold_N: Ints) -> Iterator[tuple[int, Ints]]:
    """The omitted fold (or `WHOLE`) and the remaining rows."""
    for fold in (WHOLE, *np.unique(fold_N).tolist()):
        yield fold, np.flatnonzero(fold_N != fold)


def _start(table: FeatureTable, y_NC: Floats, weight_N: Floats, prior: Sums | None) -> tuple[float, Floats]:
    """Factor of the prior by least squares, the same for all labels, times `PRIOR_SHARE`, and constants `[C]`."""
    total = weight_N.sum()
    if prior is None:
        return 0.0, np.zeros(y_NC.shape[1])
    sums_NC = prior(table)
    mean_C, y_mean_C = weight_N @ sums_NC / total, weight_N @ y_NC / total
    spread = float((weight_N @ (sums_NC - mean_C) ** 2).sum())
    common = float((weight_N @ ((sums_NC - mean_C) * (y_NC - y_mean_C))).sum())
    slope = PRIOR_SHARE * max(common / spread if spread > 0 else 0.0, 0.0)  # an inverted ranking is not used
    return slope, y_mean_C - slope * mean_C


@dataclass(frozen=True, eq=False)
class _Regression:
    """Ridge regression over P columns of a table.

    Features are divided by the square root of their standard deviation, between no scaling and standardisation.

    Attributes:
        columns: The features, ascending.
        scale_P: Factor of each.
        x_NP: Their transformed activations, scaled.
        y_NC, weight_N: Targets and weights.
    """

    columns: Ints
    scale_P: Floats
    x_NP: Floats
    y_NC: Floats
    weight_N: Floats

    @classmethod
    def of(cls, table: FeatureTable, columns: Ints, y_NC: Floats, weight_N: Floats) -> _Regression:
        """Scale the activations of some columns."""
        x_NP = transformed(table.dense(columns.tolist()))
        spread_P = x_NP.std(axis=0)
        floor = SPREAD_FLOOR * spread_P.sum() / max(len(spread_P), 1)
        scale_P = 1 / np.sqrt(spread_P + (floor if floor > 0 else 1.0))
        return cls(columns, scale_P, x_NP * scale_P, y_NC, weight_N)

    def errors(self, held: FeatureTable, y_NC: Floats, weight_N: Floats) -> Floats:
        """Squared error of each penalty on held-out documents."""
        x_NP = transformed(held.dense(self.columns.tolist())) * self.scale_P
        ridges = fit_ridges(self.x_NP, self.y_NC, self.weight_N, PENALTIES)
        return np.array([float((weight_N @ (ridge.predict(x_NP) - y_NC) ** 2).sum()) for ridge in ridges])

    def cut(self, penalty: float) -> Iterator[tuple[Ints, Floats, Floats]]:
        """Columns, weights and constants for every number of features, ascending, each solved again."""
        (every,) = fit_ridges(self.x_NP, self.y_NC, self.weight_N, (penalty,))
        influence_P = np.sqrt((every.weights_PC**2).sum(axis=1)) * self.x_NP.std(axis=0)
        order = np.argsort(-influence_P, kind="stable")
        for size in SIZES:
            places, ridge = np.sort(order[:size]), every
            if len(places) < len(order):
                (ridge,) = fit_ridges(self.x_NP[:, places], self.y_NC, self.weight_N, (penalty,))
            yield self.columns[places], ridge.weights_PC * self.scale_P[places, None], ridge.bias_C
