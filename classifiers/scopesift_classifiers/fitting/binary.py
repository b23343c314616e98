"""Fitting a rule for one label: searched, calibrated on margins of fits that left a fold out, and cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import InputError, UsageError

from scopesift_classifiers.artifact.calibration import calibrate, cross_fitted_margins
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import Rule, features_of
from scopesift_classifiers.fitting.settings import GREEDY, FitSettings
from scopesift_classifiers.fitting.stored_cut import binary_cut, describe_binary
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.rows.labelled import LabelledText
from scopesift_classifiers.rows.sampling import deal_folds
from scopesift_classifiers.search.found_rule import FoundRule, FoundRules
from scopesift_classifiers.search.greedy import search_rules
from scopesift_classifiers.search.paper import paper_rules
from scopesift_classifiers.tables.counting import Table

FOLDS = 3


def fit_binary(
    fit_table: Table,
    train: LabelledText,
    dev_table: Table,
    dev: LabelledText,
    settings: FitSettings,
    say: Callable[[str], None] | None,
) -> tuple[Decision, dict[str, Any]]:
    """A rule for the positive label, and what the artifact says of its fit.

    Args:
        fit_table: Document features of the train rows.
        train: The train rows.
        dev_table: Document features of the dev rows.
        dev: The dev rows.
        settings: Preset, objective, cut.
        say: Receives a line a step.

    Raises:
        InputError: No feature helps, or no cut has the precision that was asked for.
        UsageError: The layer asked for is not there.
    """
    positive_fit, positive_dev = is_label(train, settings.positive), is_label(dev, settings.positive)
    fold_N = deal_folds(train, FOLDS)
    found = _search(fit_table, positive_fit, dev_table, positive_dev, settings, fold_N, say)
    if not found.whole.columns:
        raise InputError(
            f"no feature tells {settings.positive!r} from the rest on the dev rows by "
            f"{settings.objective.describe()}; ask for less, give more rows or another scope"
        )
    held_out = cross_fitted_margins(
        lambda _, held: _margins(found.without[int(fold_N[held[0]])], fit_table)[held], fold_N
    )
    calibration = calibrate(held_out, positive_fit)
    scores_dev = calibration.apply(_margins(found.whole, dev_table))
    cut = binary_cut(scores_dev, positive_dev, settings)
    if cut is None:
        cut = float(calibration.apply(np.array(1.0)))
    decision = Decision(
        features=features_of(map(fit_table.name, found.whole.columns), found.whole.thresholds),
        rules={settings.positive: Rule(m=found.whole.m)},
        calibration=calibration,
        cut=cut,
    )
    at_cut = BinaryMetrics.of(positive_dev, scores_dev >= cut)
    return decision, {
        "preset": settings.preset,
        "objective": settings.objective.to_dict(),
        "dev_objective": round(found.whole.dev_objective, 4),
        "dev_macro_f1": round(found.whole.dev_macro_f1, 4),
        "cut": describe_binary(at_cut, settings),
        "candidates": [list(fit_table.name(column)) for column in found.candidates],
        **({"greedy": asdict(settings.greedy)} if settings.preset == GREEDY else {"paper": _paper(settings)}),
    }


def is_label(rows: LabelledText, label: str) -> NDArray[np.bool_]:
    """Which rows have a label, `[N]`."""
    return np.array([own == label for own in rows.labels], dtype=bool)


def _search(
    fit_table: Table,
    positive_fit: NDArray[np.bool_],
    dev_table: Table,
    positive_dev: NDArray[np.bool_],
    settings: FitSettings,
    fold_N: NDArray[np.int64],
    say: Callable[[str], None] | None,
) -> FoundRules:
    data = (fit_table, positive_fit, dev_table, positive_dev)
    if settings.preset == GREEDY:
        return search_rules(*data, settings.greedy, objective=settings.objective, fold_N=fold_N, on_step=say)
    variant = settings.paper_variant
    if variant.layer is not None and variant.layer not in fit_table.layers:
        raise UsageError(f"layer {variant.layer} is not among the layers that are read: {fit_table.layers}")
    return paper_rules(*data, variant, objective=settings.objective, fold_N=fold_N)


def _margins(found: FoundRule, table: Table) -> NDArray[np.float64]:
    thresholds = np.array(found.thresholds, dtype=np.float32)
    return Rule(m=found.m).margins(table.dense(found.columns), thresholds)


def _paper(settings: FitSettings) -> dict[str, Any]:
    variant = settings.paper_variant
    return {"k": list(variant.k), "multilayer": variant.multilayer, "layer": variant.layer}
