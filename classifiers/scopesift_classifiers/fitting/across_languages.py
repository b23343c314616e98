"""Fitting of a rule for languages without labels: whatever is chosen is chosen on languages that were left out.

Chosen on rows of its own languages, a rule learns from each language what holds there only: cross-validation prefers
many features and small penalties, which rank texts of another language worse. Here folds are languages (leave one
group out), candidates are the features that separate the labels in the mean of all languages, and languages, their
labels and the sources of these weigh the same. Only candidates whose sign is the same in every language were worse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.calibration import calibrate
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.fitting.settings import LINEAR_FIT, FitSettings
from scopesift_classifiers.fitting.stored_cut import (
    above_nothing,
    between_margins,
    binary_cut,
    describe_binary,
)
from scopesift_classifiers.labelled_rows.languages import equal_weights, language_folds, language_numbers
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.measuring.objective import Objective
from scopesift_classifiers.rule_search.linear import LinearSettings, search_linear
from scopesift_classifiers.rule_search.moments import Targets

MOST_FEATURES, CANDIDATES = 512, 1024

Floats = NDArray[np.float64]


def fit_across_languages(
    table: Table, rows: LabelledText, settings: FitSettings, say: Callable[[str], None] | None
) -> tuple[Decision, dict[str, Any]]:
    """Fit a linear rule for the positive label on rows in several languages.

    At most `MOST_FEATURES` features out of `CANDIDATES`, unless the settings say otherwise: more were not better.

    Args:
        table: Document features of the N rows.
        rows: The rows, with languages.
        settings: Objective, cut, limits of the search.
        say: Called with one line per step.

    Returns:
        The decision, and the artifact's description of the fit; "left_out" has the quality in each language of the
        fits without it.

    Raises:
        InputError: As `language_numbers`; no feature helps, or no cut has the required precision.
    """
    language_N = language_numbers(rows)
    fold_N = language_folds(language_N)
    positive_N = np.array([label == settings.positive for label in rows.labels], dtype=bool)
    weight_N = equal_weights(rows, language_N)
    targets = replace(Targets.of_two(positive_N), weight_N=weight_N, group_N=language_N)

    def worth(margins_NC: Floats) -> float:
        centred_N = margins_NC[:, 0] - _language_means(margins_NC[:, 0], language_N)
        return _best_cut(centred_N, positive_N, weight_N, settings.objective)[1]

    limits = settings.linear
    if limits == LinearSettings():
        limits = LinearSettings(max_features=MOST_FEATURES, candidates=CANDIDATES)
    found = search_linear(table, targets, None, worth, limits, fold_N, on_step=say)
    margins_N = found.held_out(table, fold_N)[:, 0]
    calibration = calibrate(margins_N, positive_N)
    best = _best_cut(margins_N, positive_N, weight_N, settings.objective)[0]
    rule = found.whole
    rule = replace(rule, bar=above_nothing(between_margins(margins_N, best), rule.rule))
    scores_N = calibration.apply(margins_N)
    decision = rule.decision(
        table, [settings.positive], calibration, binary_cut(scores_N, positive_N, settings)
    )
    flagged_N = scores_N >= decision.cut
    at_cut = BinaryMetrics.of(positive_N, flagged_N)
    return decision, {
        "preset": LINEAR_FIT,
        "objective": settings.objective.to_dict(),
        "dev_objective": round(rule.dev_objective, 4),
        "dev_macro_f1": round(at_cut.macro_f1, 4),
        "cut": describe_binary(at_cut, settings),
        "left_out": {
            lang: _metrics(positive_N[own], margins_N[own], flagged_N[own])
            for number, lang in enumerate(sorted({str(lang) for lang in rows.langs}))
            for own in [np.flatnonzero(language_N == number)]
        },
        **found.describe(table),
    }


def _best_cut(
    margins_N: Floats, positive_N: NDArray[np.bool_], weight_N: Floats, objective: Objective
) -> tuple[float, float]:
    """As `best_cut`, of weighted documents."""
    cut_C, at_N = np.unique(margins_N, return_inverse=True)
    tp_C, fp_C = (
        np.bincount(at_N, weight_N * own, len(cut_C))[::-1].cumsum() for own in (positive_N, ~positive_N)
    )
    value_C = objective.of_counts(tp_C, fp_C, tp_C[-1] - tp_C, fp_C[-1] - fp_C)
    best = int(np.argmax(value_C))
    return float(cut_C[::-1][best]), float(value_C[best])


def _language_means(margins_N: Floats, language_N: NDArray[np.int64]) -> Floats:
    """Mean margin of each row's language, `[N]`: the cut moves with it where there is unlabelled text."""
    means_N: Floats = (np.bincount(language_N, margins_N) / np.bincount(language_N))[language_N]
    return means_N


def _metrics(
    positive_N: NDArray[np.bool_], margins_N: Floats, flagged_N: NDArray[np.bool_]
) -> dict[str, Any]:
    """Quality in a language by the fit without it."""
    from sklearn.metrics import roc_auc_score

    metrics = BinaryMetrics.of(positive_N, flagged_N)
    return {
        "rows": len(positive_N),
        "auc": round(float(roc_auc_score(positive_N, margins_N)), 4),
        "macro_f1": round(metrics.macro_f1, 4),
        "balanced_accuracy": round(metrics.balanced_accuracy, 4),
    }
