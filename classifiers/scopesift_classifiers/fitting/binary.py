"""Fitting of a rule for one of two labels: search, calibration on cross-fitted margins, choice of the cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import InputError, UsageError

from scopesift_classifiers.artifact.calibration import calibrate
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.fitting.settings import FEW_DEV_ROWS, FOLDS, GREEDY, LINEAR_FIT, FitSettings
from scopesift_classifiers.fitting.stored_cut import (
    above_nothing,
    best_cut,
    between_margins,
    binary_cut,
    describe_binary,
)
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import deal_folds
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.rule_search.found_rules import Search
from scopesift_classifiers.rule_search.greedy import search_greedy
from scopesift_classifiers.rule_search.linear import search_linear
from scopesift_classifiers.rule_search.moments import Targets
from scopesift_classifiers.rule_search.paper import search_paper

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def fit_binary(
    fit_table: Table,
    train: LabelledText,
    dev_table: Table,
    dev: LabelledText,
    settings: FitSettings,
    say: Callable[[str], None] | None,
    *,
    preset: str,
) -> tuple[Decision, dict[str, Any]]:
    """Fit a rule for the positive label; returns the decision and the artifact's description of the fit.

    Unless a precision or recall is required, the cut of a rule of thresholds is where it fires, that of a linear rule
    where the objective is highest on the dev rows (with few dev rows, also on cross-fitted margins of the fit rows),
    but never so low that a text without any of the features is flagged.

    Args:
        fit_table: Document features of the train rows.
        train: The train rows.
        dev_table: Document features of the dev rows.
        dev: The dev rows.
        settings: Objective, cut, limits of the search.
        say: Called with one line per step.
        preset: "linear", "greedy", "paper" or "paper-multilayer".

    Raises:
        InputError: No feature helps, or no cut has the required precision.
        UsageError: The requested layer is not read.
    """
    positive_fit_N, positive_dev_N = (_is_positive(rows, settings.positive) for rows in (train, dev))
    linear, fold_N = preset == LINEAR_FIT, deal_folds(train, FOLDS)
    few = linear and len(dev) < FEW_DEV_ROWS
    positive_N = np.concatenate([positive_dev_N, positive_fit_N]) if few else positive_dev_N

    def worth(margins_NC: Floats) -> float:
        return best_cut(margins_NC[:, 0], positive_N, settings.objective)[1]

    if linear:
        targets = Targets.of_two(positive_fit_N)
        found = search_linear(
            fit_table, targets, dev_table, worth, settings.linear, fold_N, with_held_out=few, on_step=say
        )
    else:
        found = _short(preset, fit_table, positive_fit_N, dev_table, positive_dev_N, settings, fold_N, say)
    held_out_N, margins_dev_N = found.held_out(fit_table, fold_N)[:, 0], found.whole.margins(dev_table)[:, 0]
    calibration = calibrate(held_out_N, positive_fit_N)
    margins_N = np.concatenate([margins_dev_N, held_out_N]) if few else margins_dev_N
    rule = found.whole
    if linear:
        best = best_cut(margins_N, positive_N, settings.objective)[0]
        rule = replace(rule, bar=above_nothing(between_margins(margins_N, best), rule.rule))
    cut = binary_cut(calibration.apply(margins_N), positive_N, settings)
    decision = rule.decision(fit_table, [settings.positive], calibration, cut)
    at_cut = BinaryMetrics.of(positive_dev_N, calibration.apply(margins_dev_N) >= decision.cut)
    return decision, {
        "preset": preset,
        "objective": settings.objective.to_dict(),
        "dev_objective": round(rule.dev_objective, 4),
        "dev_macro_f1": round(at_cut.macro_f1, 4),
        "cut": describe_binary(at_cut, settings),
        **found.describe(fit_table),
    }


def _short(
    preset: str,
    fit_table: Table,
    positive_fit_N: Flags,
    dev_table: Table,
    positive_dev_N: Flags,
    settings: FitSettings,
    fold_N: NDArray[np.int64],
    say: Callable[[str], None] | None,
) -> Search:
    """A rule of thresholds."""
    data = (fit_table, positive_fit_N, dev_table, positive_dev_N)
    objective = settings.objective
    if preset == GREEDY:
        found = search_greedy(*data, settings.greedy, objective=objective, fold_N=fold_N, on_step=say)
    else:
        variant = settings.paper_variant
        if variant.layer is not None and variant.layer not in fit_table.layers:
            raise UsageError(
                f"layer {variant.layer} is not among the layers that are read: {fit_table.layers}"
            )
        found = search_paper(*data, variant, objective=objective, fold_N=fold_N)
    if not found.whole.columns:
        raise InputError(
            f"no feature tells {settings.positive!r} from the rest on the dev rows by "
            f"{objective.describe()}; ask for less, give more rows or another scope"
        )
    return found


def _is_positive(rows: LabelledText, positive: str) -> Flags:
    return np.array([label == positive for label in rows.labels], dtype=bool)
