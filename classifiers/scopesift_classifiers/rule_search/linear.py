"""The closed-form fit: ridge regression on document features, with recursive feature elimination.

Recursive feature elimination (Guyon et al. 2002) with ridge regression instead of a support vector machine: fit, drop
the features with the least influence (|weight| times the feature's standard deviation), fit again. Without gradient
descent: every fit solves a linear system over sums that are computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scopesift_files.counted import counted
from scopesift_files.errors import InputError

from scopesift_classifiers.artifact.calibration import cross_fitted_margins
from scopesift_classifiers.artifact.linear_sum import transformed
from scopesift_classifiers.artifact.rule import linear_rules
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.feature_tables.pieces import dense_pieces
from scopesift_classifiers.rule_search.found_rules import MOST_CANDIDATES, FoundRules, Search
from scopesift_classifiers.rule_search.moments import (
    LEAST_DOCUMENTS,
    Targets,
    moments_by_fold,
    rank_columns,
)
from scopesift_classifiers.rule_search.ridge import Floats, Moments, Ridge, ridges_of_moments

PENALTIES = tuple(10.0**power for power in (-2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0))
TOLERANCE = 0.002
"""Tolerance on dev within which fewer features are preferred: two rows of a thousand, less than chance."""


@dataclass(frozen=True)
class LinearSettings:
    """Limits of a linear fit.

    Attributes:
        max_features: Maximum features; the number is chosen on dev among `sizes` up to this, and this.
        sizes: Numbers of features to try.
        candidates: Features of the first regression, those that differ most between the classes.
        penalties: Penalties to choose from, by cross-validated squared error.
    """

    max_features: int = 1024
    sizes: tuple[int, ...] = (16, 32, 64, 128, 256, 512, 1024)
    candidates: int = 2048
    penalties: tuple[float, ...] = PENALTIES

    @property
    def grid(self) -> tuple[int, ...]:
        """Numbers of features to try, ascending."""
        below = {size for size in self.sizes if size < self.max_features}
        return tuple(sorted(below | {self.max_features}))


@dataclass(frozen=True, eq=False)
class SizePoint:
    """Quality with a number of features.

    Attributes:
        features: Number of features.
        penalty: The penalty chosen by cross-validation.
        dev_objective: The objective on dev.
    """

    features: int
    penalty: float
    dev_objective: float


@dataclass(frozen=True, eq=False)
class _Step:
    """One size of the elimination: the features of every fit (indices in the moments) and its regression.

    Fit k is the one without fold k, the last fit is that of all rows.
    """

    places: list[NDArray[np.int64]]
    ridges: list[Ridge]
    penalty: float

    def held_out(self, fit: Table, columns: NDArray[np.int64], fold_N: NDArray[np.int64]) -> Floats:
        """Cross-fitted margins `[N, C]` of the fit rows."""

        def margins(_: NDArray[np.int64], held: NDArray[np.int64]) -> Floats:
            fold = int(fold_N[held[0]])
            pieces = dense_pieces(fit.rows(held), columns[self.places[fold]].tolist())
            return np.concatenate([self.ridges[fold].predict(transformed(acts_BP)) for _, acts_BP in pieces])

        return cross_fitted_margins(margins, fold_N)

    def found(self, columns: NDArray[np.int64], dev_objective: float) -> list[FoundRules]:
        """The rules of every fit, the last that of all rows."""
        return [
            FoundRules(
                tuple(columns[places].tolist()),
                (0.0,) * len(places),
                linear_rules(ridge.weights_PC, ridge.bias_C),
                dev_objective=dev_objective,
            )
            for places, ridge in zip(self.places, self.ridges, strict=True)
        ]


def search_linear(
    fit: Table,
    targets: Targets,
    dev: Table | None,
    worth: Callable[[Floats], float],
    settings: LinearSettings,
    fold_N: NDArray[np.int64],
    *,
    with_held_out: bool = False,
    on_step: Callable[[str], None] | None = None,
) -> Search:
    """Choose features, their number, the penalty and the weights.

    Args:
        fit: Document features to fit on.
        targets: Targets of the regression.
        dev: Document features for choosing the number of features; None: the fit rows choose, by cross-fitted margins.
        worth: The objective of dev margins `[N, C]`.
        with_held_out: Whether `worth` gets the cross-fitted margins of the fit rows too, after those of the dev rows.
        settings: Limits of the search.
        fold_N: Folds of the fit rows, 0 to K - 1; all classes must remain without each fold.
        on_step: Called with one line per number of features.

    Raises:
        InputError: No feature is active in enough documents.
    """
    columns, steps, whole = _steps_by_size(fit, targets, settings, fold_N)
    dev_x = None if dev is None else _transformed(dev, columns)
    curve, measured = [], "held out" if dev is None else "dev"
    for size in sorted(steps):
        step = steps[size]
        margins = [] if dev_x is None else [step.ridges[-1].predict(dev_x[:, step.places[-1]])]
        if dev is None or with_held_out:
            margins.append(step.held_out(fit, columns, fold_N))
        point = SizePoint(len(step.places[-1]), step.penalty, worth(np.concatenate(margins)))
        curve.append(point)
        if on_step is not None:
            on_step(
                f"{counted(point.features, 'feature')}, penalty {point.penalty:.2g}: "
                f"{measured} {point.dev_objective:.3f}"
            )
    best = max(point.dev_objective for point in curve)
    chosen = next(point for point in curve if point.dev_objective >= best - TOLERANCE)
    found = steps[chosen.features].found(columns, chosen.dev_objective)
    return Search(
        found[-1],
        tuple(found[:-1]),
        tuple(columns[_longest(steps, whole)[:MOST_CANDIDATES]].tolist()),
        {
            "linear": {
                "max_features": settings.max_features,
                "candidates": settings.candidates,
                "penalty": chosen.penalty,
                "curve": [
                    {**asdict(point), "dev_objective": round(point.dev_objective, 4)} for point in curve
                ],
            }
        },
    )


def rules_by_size(
    fit: Table, targets: Targets, settings: LinearSettings, fold_N: NDArray[np.int64]
) -> dict[int, FoundRules]:
    """The rule with each number of features that `search_linear` chooses from, without its bar.

    Args:
        fit: Document features to fit on.
        targets: Targets of the regression.
        settings: Limits of the search.
        fold_N: Folds of the fit rows; see `search_linear`.

    Returns:
        By number of features, ascending.

    Raises:
        InputError: No feature is active in enough documents.
    """
    columns, steps, _ = _steps_by_size(fit, targets, settings, fold_N)
    return {size: steps[size].found(columns, float("nan"))[-1] for size in sorted(steps)}


def _steps_by_size(
    fit: Table, targets: Targets, settings: LinearSettings, fold_N: NDArray[np.int64]
) -> tuple[NDArray[np.int64], dict[int, _Step], Moments]:
    """The columns that the moments are of, the steps of the elimination by size, and the moments of all rows."""
    ranked = rank_columns(fit, targets, fold_N, settings.candidates)
    if not all(map(len, ranked)):
        raise InputError(
            f"no feature is active in {LEAST_DOCUMENTS} rows to fit on; give more rows or another scope"
        )
    columns = np.unique(np.concatenate(ranked))
    by_fold = moments_by_fold(fit, columns, targets, fold_N)
    whole = by_fold[0]
    for more in by_fold[1:]:
        whole = whole + more
    moments = [*(whole - own for own in by_fold), whole]
    places = [np.searchsorted(columns, np.sort(own)) for own in ranked]
    return columns, _eliminate(moments, by_fold, places, settings), whole


def _eliminate(
    moments: list[Moments], by_fold: list[Moments], places: list[NDArray[np.int64]], settings: LinearSettings
) -> dict[int, _Step]:
    """Recursive elimination for all fits in parallel; returns the steps in the grid, by size of the whole fit."""
    grid = [size for size in settings.grid if size < len(places[-1])]
    # if there are fewer active features than the largest size, all of them are used for it
    wanted = {*grid, min(settings.max_features, len(places[-1]))}
    steps: dict[int, _Step] = {}
    while True:
        step = _fit_step(moments, by_fold, places, settings.penalties)
        size = len(places[-1])
        if size in wanted:
            steps[size] = step
        if not grid:
            return steps
        # at most half at a time: weights of correlated features change when one of them is dropped
        next_size = max(grid[-1], size // 2)
        if next_size == grid[-1]:
            grid.pop()
        places = [
            np.sort(own[_importance_order(ridge, sums.spread()[own])[:next_size]])
            for own, ridge, sums in zip(places, step.ridges, moments, strict=True)
        ]


def _fit_step(
    moments: list[Moments],
    by_fold: list[Moments],
    places: list[NDArray[np.int64]],
    penalties: Sequence[float],
) -> _Step:
    """Choose the penalty by cross-validated squared error, and fit all with it."""
    penalty = penalties[int(np.argmin(held_out_errors(moments[:-1], by_fold, places[:-1], penalties)))]
    ridges = [
        ridges_of_moments(sums.at(own), (penalty,))[0] for sums, own in zip(moments, places, strict=True)
    ]
    return _Step(places, ridges, penalty)


def held_out_errors(
    without: Sequence[Moments],
    by_fold: Sequence[Moments],
    places: Sequence[NDArray[np.int64]],
    penalties: Sequence[float],
) -> Floats:
    """Cross-validated squared error of each penalty, computed from sums.

    Args:
        without: Sums over the documents outside of each fold.
        by_fold: Sums over the documents of each fold.
        places: Features of the fit without each fold.
        penalties: Penalties to try.
    """
    errors = np.zeros(len(penalties))
    for rest, held, own in zip(without, by_fold, places, strict=True):
        held_own = held.at(own)
        errors += [ridge.squared_error(held_own) for ridge in ridges_of_moments(rest.at(own), penalties)]
    return errors


def _importance_order(ridge: Ridge, spread_P: Floats) -> NDArray[np.int64]:
    """Features by influence on the predictions, largest first."""
    moved_P = np.sqrt((ridge.weights_PC**2).sum(axis=1)) * spread_P
    order: NDArray[np.int64] = np.argsort(-moved_P, kind="stable")
    return order


def _longest(steps: dict[int, _Step], whole: Moments) -> NDArray[np.int64]:
    """Indices in the reverse order of elimination in the whole fit."""
    found: list[int] = []
    for size in sorted(steps):
        own, ridge = steps[size].places[-1], steps[size].ridges[-1]
        known = set(found)
        order = _importance_order(ridge, whole.spread()[own])
        found += [place for place in own[order].tolist() if place not in known]
    return np.array(found, dtype=np.int64)


def _transformed(table: Table, columns: NDArray[np.int64]) -> Floats:
    """Transformed activations of some columns, `[N, P]`."""
    return np.concatenate([transformed(acts_BP) for _, acts_BP in dense_pieces(table, columns.tolist())])
