"""Fitting of rules for many labels: search, calibration to the probability of being correct, choice of the cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.calibration import calibrate
from scopesift_classifiers.artifact.classifier import MANY
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.feature_tables.pieces import dense_pieces
from scopesift_classifiers.fitting.settings import FEW_DEV_ROWS, FOLDS, LINEAR_FIT, FitSettings
from scopesift_classifiers.fitting.stored_cut import answer_cut, describe_answers
from scopesift_classifiers.judging.outcome import decide
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.labelled_rows.sampling import deal_folds
from scopesift_classifiers.rule_search.linear import search_linear
from scopesift_classifiers.rule_search.log_odds import class_numbers, search_log_odds
from scopesift_classifiers.rule_search.moments import Targets


def fit_many(
    fit_table: Table,
    train: LabelledText,
    dev_table: Table,
    dev: LabelledText,
    settings: FitSettings,
    say: Callable[[str], None] | None,
    *,
    preset: str,
) -> tuple[Decision, dict[str, Any]]:
    """Fit one-against-rest rules for all labels; returns the decision and the artifact's description of the fit.

    The cut is chosen on the dev rows; below it, and without evidence for the most likely label, the unknown label is
    given.

    Args:
        fit_table: Document features of the train rows.
        train: The train rows.
        dev_table: Document features of the dev rows.
        dev: The dev rows.
        settings: Cut, limits of the search.
        say: Called with one line per step.
        preset: "linear" or "log-odds".

    Raises:
        InputError: A label has too few texts, no feature distinguishes labels, or no cut has the required precision.
    """
    fold_N = deal_folds(train, FOLDS)
    class_fit_N, class_dev_N = (class_numbers(rows.labels, train.classes) for rows in (train, dev))
    if preset == LINEAR_FIT:
        few = len(dev) < FEW_DEV_ROWS
        class_N = np.concatenate([class_dev_N, class_fit_N]) if few else class_dev_N

        def worth(margins_NC: NDArray[np.float64]) -> float:
            return float((margins_NC.argmax(axis=1) == class_N).mean())

        targets = Targets.of_many(class_fit_N, len(train.classes))
        found = search_linear(
            fit_table, targets, dev_table, worth, settings.linear, fold_N, with_held_out=few, on_step=say
        )
    else:
        found = search_log_odds(
            fit_table, train.labels, dev_table, dev.labels, settings.log_odds, fold_N=fold_N, on_step=say
        )
    right_NC = class_fit_N[:, None] == np.arange(len(train.classes))
    calibration = calibrate(found.held_out(fit_table, fold_N).ravel(), right_NC.ravel())
    uncut = found.whole.decision(fit_table, train.classes, calibration, cut=0.0)
    said = [decide(MANY, uncut, acts_BS) for _, acts_BS in dense_pieces(dev_table, found.whole.columns)]
    # 0 without evidence for the most likely label
    score_N = np.concatenate([outcome.score_N for outcome in said])
    right_N = np.concatenate([outcome.best_N for outcome in said]) == class_dev_N
    cut = answer_cut(score_N, right_N, settings)
    return replace(uncut, cut=cut), {
        "preset": preset,
        "dev_accuracy": round(found.whole.dev_objective, 4),
        "cut": describe_answers(score_N >= cut, right_N, settings),
        **found.describe(fit_table),
    }
