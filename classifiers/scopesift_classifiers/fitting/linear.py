"""Fitting linear rules, for two labels or many: solved, calibrated on margins of fits that left a fold out, and cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.calibration import calibrate, cross_fitted_margins
from scopesift_classifiers.artifact.decision import Decision, leads
from scopesift_classifiers.artifact.rule import RuleFeature, features_of, firing
from scopesift_classifiers.fitting.binary import FOLDS, is_label
from scopesift_classifiers.fitting.settings import LINEAR, FitSettings
from scopesift_classifiers.fitting.stored_cut import (
    above_nothing,
    answer_cut,
    best_cut,
    between_margins,
    binary_cut,
    describe_answers,
    describe_binary,
)
from scopesift_classifiers.judging.outcome import speaks
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.rows.labelled import LabelledText
from scopesift_classifiers.rows.sampling import deal_folds
from scopesift_classifiers.search.linear import FoundLinear, FoundLinears, search_linear
from scopesift_classifiers.search.log_odds import class_numbers
from scopesift_classifiers.search.moments import Targets
from scopesift_classifiers.tables.counting import Table

FEW_DEV_ROWS = 500
"""With fewer dev rows the fit rows help to choose, by margins of fits that left them out: a cut needs many."""

Floats = NDArray[np.float64]


def fit_linear_binary(
    fit_table: Table,
    train: LabelledText,
    dev_table: Table,
    dev: LabelledText,
    settings: FitSettings,
    say: Callable[[str], None] | None,
) -> tuple[Decision, dict[str, Any]]:
    """A linear rule for the positive label, and what the artifact says of its fit; arguments as for `fit_binary`.

    Unless a precision or recall is asked for, the cut is where the objective is highest on the dev rows (where these
    are few, on the fit rows as well, by fits that left them out), but never so low that a text without any of the
    features is flagged.

    Raises:
        InputError: No feature fires often enough, or no cut has the precision that was asked for.
    """
    positive_fit, positive_dev = is_label(train, settings.positive), is_label(dev, settings.positive)
    fold_N = deal_folds(train, FOLDS)
    few = len(dev) < FEW_DEV_ROWS
    positive_N = np.concatenate([positive_dev, positive_fit]) if few else positive_dev

    def worth(margins_NC: Floats) -> float:
        return best_cut(margins_NC[:, 0], positive_N, settings.objective)[1]

    found = search_linear(
        fit_table,
        Targets.of_two(positive_fit),
        dev_table,
        worth,
        settings.linear,
        fold_N,
        with_held_out=few,
        on_step=say,
    )
    held_out_N = _held_out(found, fit_table, fold_N)[:, 0]
    calibration = calibrate(held_out_N, positive_fit)
    margins_dev = found.whole.margins(dev_table)[:, 0]
    margins_N = np.concatenate([margins_dev, held_out_N]) if few else margins_dev
    scores_dev = calibration.apply(margins_dev)
    rules = found.whole.rules([settings.positive])
    cut = binary_cut(calibration.apply(margins_N), positive_N, settings)
    if cut is None:
        best = best_cut(margins_N, positive_N, settings.objective)[0]
        bar = above_nothing(between_margins(margins_N, best), rules[settings.positive])
        cut = float(calibration.apply(np.array(bar)))
    decision = Decision(
        features=_features(found.whole, fit_table),
        rules=rules,
        calibration=calibration,
        cut=cut,
    )
    at_cut = BinaryMetrics.of(positive_dev, scores_dev >= cut)
    return decision, {
        "preset": LINEAR,
        "objective": settings.objective.to_dict(),
        "dev_objective": round(found.dev_objective, 4),
        "dev_macro_f1": round(at_cut.macro_f1, 4),
        "cut": describe_binary(at_cut, settings),
        **_described(found, fit_table, settings),
    }


def fit_linear_many(
    fit_table: Table,
    train: LabelledText,
    dev_table: Table,
    dev: LabelledText,
    settings: FitSettings,
    say: Callable[[str], None] | None,
) -> tuple[Decision, dict[str, Any]]:
    """Linear rules for all labels, each against the rest over the same features; arguments as for `fit_binary`.

    Raises:
        InputError: A label has too few texts, no feature fires often enough, or no cut has the precision that was
            asked for.
    """
    fold_N = deal_folds(train, FOLDS)
    names = np.array(train.classes)
    class_fit, class_dev = (class_numbers(rows.labels, train.classes) for rows in (train, dev))
    few = len(dev) < FEW_DEV_ROWS
    class_N = np.concatenate([class_dev, class_fit]) if few else class_dev

    def worth(margins_NC: Floats) -> float:
        return float((margins_NC.argmax(axis=1) == class_N).mean())

    found = search_linear(
        fit_table,
        Targets.of_many(class_fit, len(names)),
        dev_table,
        worth,
        settings.linear,
        fold_N,
        with_held_out=few,
        on_step=say,
    )
    right_NC = np.array(train.labels)[:, None] == names[None, :]
    held_out_NC = leads(_held_out(found, fit_table, fold_N))
    calibration = calibrate(held_out_NC.ravel(), right_NC.ravel())
    uncut = Decision(
        features=_features(found.whole, fit_table),
        rules=found.whole.rules(train.classes),
        calibration=calibration,
        cut=0.0,
    )
    acts_NS = dev_table.dense(found.whole.columns)
    margins_NC = uncut.margins(acts_NS)
    best_N = margins_NC.argmax(axis=1)
    right_N = best_N == class_dev
    # as the engine answers: 0 where no feature speaks for the likeliest label
    said_N = speaks(uncut, best_N, firing(acts_NS, uncut.thresholds_S))
    score_N = np.where(said_N, calibration.apply(margins_NC.max(axis=1)), 0.0)
    cut = answer_cut(score_N, right_N, settings)
    return replace(uncut, cut=cut), {
        "preset": LINEAR,
        "dev_accuracy": round(found.dev_objective, 4),
        "cut": describe_answers(score_N >= cut, right_N, settings),
        **_described(found, fit_table, settings),
    }


def _held_out(found: FoundLinears, table: Table, fold_N: NDArray[np.int64]) -> Floats:
    """Margins `[N, C]` of every fit document from the fit that left its fold out."""
    return cross_fitted_margins(
        lambda _, held: found.without[int(fold_N[held[0]])].margins(table.rows(held)), fold_N
    )


def _features(found: FoundLinear, table: Table) -> tuple[RuleFeature, ...]:
    return features_of(map(table.name, found.columns), [0.0] * len(found.columns))


def _described(found: FoundLinears, table: Table, settings: FitSettings) -> dict[str, Any]:
    """What an artifact says of the search."""
    return {
        "candidates": [list(table.name(column)) for column in found.candidates],
        "linear": {
            "max_features": settings.linear.max_features,
            "candidates": settings.linear.candidates,
            "penalty": found.whole.penalty,
            "curve": [
                {**asdict(point), "dev_objective": round(point.dev_objective, 4)} for point in found.curve
            ],
        },
    }
