"""Fitting log-odds rules for many labels: counted, calibrated to the probability of being right, and cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import InputError

from scopesift_classifiers.artifact.calibration import Calibration, calibrate
from scopesift_classifiers.artifact.decision import Decision, posterior_odds
from scopesift_classifiers.artifact.rule import DECIMALS, features_of
from scopesift_classifiers.fitting.binary import FOLDS
from scopesift_classifiers.fitting.settings import LOG_ODDS, FitSettings
from scopesift_classifiers.fitting.stored_cut import answer_cut, describe_answers
from scopesift_classifiers.rows.labelled import LabelledText
from scopesift_classifiers.rows.sampling import deal_folds
from scopesift_classifiers.search.cofiring import firing_pieces
from scopesift_classifiers.search.log_odds import FoundLogOdds, search_many_rules
from scopesift_classifiers.tables.counting import Table


def fit_many(
    fit_table: Table,
    train: LabelledText,
    dev_table: Table,
    dev: LabelledText,
    settings: FitSettings,
    say: Callable[[str], None] | None,
) -> tuple[Decision, dict[str, Any]]:
    """Log-odds rules for all labels, and what the artifact says of their fit; the arguments are `fit_binary`'s.

    The cut is chosen on the dev rows: below it, and where no feature speaks for the likeliest label, the answer is
    the unknown label.

    Raises:
        InputError: A label has too few texts, or no cut has the precision that was asked for.
    """
    fold_N = deal_folds(train, FOLDS)
    found = search_many_rules(
        fit_table, train.labels, dev_table, dev.labels, settings.log_odds, fold_N=fold_N, on_step=say
    )
    classes = np.array(list(found.whole.rules))
    if not found.whole.columns:
        raise InputError("no feature tells any label from the rest; give more rows or another scope")
    odds_NC = np.zeros((len(train), len(classes)))
    for fold, rules in enumerate(found.without):
        held = np.flatnonzero(fold_N == fold)
        odds_NC[held] = _odds(rules, fit_table)[0][held]
    right_NC = np.array(train.labels)[:, None] == classes[None, :]
    calibration = calibrate(odds_NC.ravel(), right_NC.ravel())
    odds_dev, speaks_dev = _odds(found.whole, dev_table)
    best_N = odds_dev.argmax(axis=1)
    right_N = classes[best_N] == np.array(dev.labels)
    score_N = _answered(calibration, odds_dev, speaks_dev)
    cut = answer_cut(score_N, right_N, settings)
    decision = Decision(
        features=features_of(map(fit_table.name, found.whole.columns), found.whole.thresholds),
        rules=found.whole.rules,
        calibration=calibration,
        cut=cut,
    )
    return decision, {
        "preset": LOG_ODDS,
        "dev_accuracy": round(found.whole.dev_accuracy, 4),
        "cut": describe_answers(score_N >= cut, right_N, settings),
        "log_odds": asdict(settings.log_odds),
    }


def _odds(found: FoundLogOdds, table: Table) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Log posterior odds of every class `[N, C]`, and whether a feature speaks for the likeliest one `[N]`."""
    weights_CS = np.array([rule.weights for rule in found.rules.values()])
    bias_C = np.array([rule.bias for rule in found.rules.values()])
    odds_NC = np.zeros((table.n_documents, len(bias_C)))
    speaks_N = np.zeros(table.n_documents, dtype=bool)
    cuts_S = np.array(found.thresholds, dtype=np.float32)
    for rows_B, fires_BS in firing_pieces(table, found.columns, cuts_S):
        fires = fires_BS.astype(np.float64)
        odds_NC[rows_B] = posterior_odds(np.round(fires @ weights_CS.T + bias_C, DECIMALS))
        for_BC = fires @ (weights_CS.T > 0)
        speaks_N[rows_B] = for_BC[np.arange(len(rows_B)), odds_NC[rows_B].argmax(axis=1)] > 0
    return odds_NC, speaks_N


def _answered(
    calibration: Calibration, odds_NC: NDArray[np.float64], speaks_N: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Score of the likeliest label; 0 where no feature speaks for it, as the engine answers."""
    return np.where(speaks_N, calibration.apply(odds_NC.max(axis=1)), 0.0)
