"""Fitting of rules for many labels: search, calibration to the probability of being correct, choice of the cuts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.fitting.label_cuts import LabelledTable, choose_cuts
from scopesift_classifiers.fitting.left_out_labels import LEAST_LABELS, unknown_shares
from scopesift_classifiers.fitting.settings import FEW_DEV_ROWS, FOLDS, LINEAR_FIT, FitSettings
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import deal_folds
from scopesift_classifiers.rule_search.found_rules import Search
from scopesift_classifiers.rule_search.linear import LinearSettings, search_linear
from scopesift_classifiers.rule_search.log_odds import class_numbers, search_log_odds
from scopesift_classifiers.rule_search.moments import Targets

Ints = NDArray[np.int64]
Say = Callable[[str], None]


def fit_many(
    fit_table: Table,
    train: LabelledText,
    dev_table: Table,
    dev: LabelledText,
    settings: FitSettings,
    say: Say | None,
    *,
    presets: Sequence[str],
) -> tuple[Decision, dict[str, Any]]:
    """Fit one-against-rest rules for all labels; returns the decision and the artifact's description of the fit.

    The cut is chosen on the dev rows; below it, and without evidence for the most likely label, the unknown label is
    given. Labels get cuts of their own if texts of labels that are left out of the fit are then more often unknown, at
    the same recall.

    Args:
        fit_table: Document features of the train rows.
        train: The train rows.
        dev_table: Document features of the dev rows.
        dev: The dev rows.
        settings: Cut, limits of the search.
        say: Called with one line per step.
        presets: "linear", "log-odds" or both, of which the more accurate on the dev rows is kept; on ties the first.

    Raises:
        InputError: A label has too few texts, no feature distinguishes labels, or no cut has the required precision.
    """
    labels, fold_N = train.classes, deal_folds(train, FOLDS)
    fit_rows, dev_rows = (
        LabelledTable(table, class_numbers(rows.labels, labels))
        for table, rows in ((fit_table, train), (dev_table, dev))
    )
    searches = {
        preset: _search(preset, fit_rows, dev_rows, labels, fold_N, settings, say) for preset in presets
    }
    accuracies = {preset: round(found.whole.dev_objective, 4) for preset, found in searches.items()}
    preset = max(accuracies, key=lambda preset: accuracies[preset])
    if say is not None and len(presets) > 1:
        numbers = ", ".join(f"{preset} {accuracy:.4f}" for preset, accuracy in accuracies.items())
        say(f"dev accuracy: {numbers}; {preset} is kept")
    found = searches[preset]
    cuts = choose_cuts(found, fit_rows, fold_N, dev_rows, labels, settings)

    def again(own_fit: LabelledTable, own_dev: LabelledTable, own: Sequence[str], own_fold_N: Ints) -> Search:
        return _search(preset, own_fit, own_dev, own, own_fold_N, _as_found(found, settings), None)

    decision, about = cuts.one, {}
    if cuts.by_label is not None and len(labels) >= LEAST_LABELS:
        one, by_label = unknown_shares(again, fit_rows, fold_N, dev_rows, labels, settings)
        about = {"unknown_of_left_out": {"one_cut": round(one, 4), "label_cuts": round(by_label, 4)}}
        decision = cuts.by_label if by_label > one else cuts.one
        if say is not None:
            say(
                f"of texts of labels left out, unknown: {one:.3f} by one cut, {by_label:.3f} by cuts per label"
            )
    return decision, {
        "preset": preset,
        "dev_accuracy": accuracies[preset],
        "cut": {**cuts.describe(decision, settings), **about},
        **found.describe(fit_table),
        **({"presets_on_dev": accuracies} if len(presets) > 1 else {}),
    }


def _search(
    preset: str,
    fit: LabelledTable,
    dev: LabelledTable,
    labels: Sequence[str],
    fold_N: Ints,
    settings: FitSettings,
    say: Say | None,
) -> Search:
    """The rules of one preset."""
    if preset != LINEAR_FIT:
        names = [[labels[number] for number in rows.class_N] for rows in (fit, dev)]
        return search_log_odds(
            fit.table, names[0], dev.table, names[1], settings.log_odds, fold_N=fold_N, on_step=say
        )
    few = len(dev.class_N) < FEW_DEV_ROWS
    class_N = np.concatenate([dev.class_N, fit.class_N]) if few else dev.class_N

    def worth(margins_NC: NDArray[np.float64]) -> float:
        return float((margins_NC.argmax(axis=1) == class_N).mean())

    targets = Targets.of_many(fit.class_N, len(labels))
    return search_linear(
        fit.table, targets, dev.table, worth, settings.linear, fold_N, with_held_out=few, on_step=say
    )


def _as_found(found: Search, settings: FitSettings) -> FitSettings:
    """The settings with the number of features and the penalty that a linear search chose."""
    if LINEAR_FIT not in found.details:
        return settings
    size, penalty = len(found.whole.columns), found.details[LINEAR_FIT]["penalty"]
    linear = LinearSettings(size, (size,), settings.linear.candidates, (penalty,))
    return replace(settings, linear=linear)
