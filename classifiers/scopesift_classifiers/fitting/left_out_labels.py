"""Labels left out of a fit in turn: their texts stand in for texts that no label fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.classifier import MANY
from scopesift_classifiers.feature_tables.pieces import dense_pieces
from scopesift_classifiers.fitting.label_cuts import LabelledTable, choose_cuts
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.judging.outcome import decide
from scopesift_classifiers.rule_search.found_rules import Search

GROUPS = 3
"""A third of the labels is left out at a time."""
LEAST_LABELS = 3
"""So that two are left."""

Ints = NDArray[np.int64]
SearchLabels = Callable[[LabelledTable, LabelledTable, Sequence[str], Ints], Search]


def unknown_shares(
    search: SearchLabels,
    fit: LabelledTable,
    fold_N: Ints,
    dev: LabelledTable,
    labels: Sequence[str],
    settings: FitSettings,
) -> tuple[float, float]:
    """Shares of the fit rows without a label from rules that don't know theirs: with one cut, and with cuts by label.

    Features, rules and cuts are chosen without all rows of the labels that are left out: with features that tell the
    left-out labels apart, their texts would look less like texts of unknown labels.

    Args:
        search: Finds rules for fit rows, dev rows, their labels and folds.
        fit: The fit rows.
        fold_N: Their folds.
        dev: The dev rows.
        labels: At least `LEAST_LABELS` labels, sorted.
        settings: How many right answers on the dev rows of the labels that are kept cuts of either kind must keep.
    """
    settings = replace(
        settings, precision=None, recall=None
    )  # other labels may not have the required precision
    group_C = np.arange(len(labels)) % GROUPS
    unknown = np.zeros(2)
    for group in range(GROUPS):
        kept = np.flatnonzero(group_C != group)
        inside_N = group_C[fit.class_N] != group
        own_fit, own_dev = (_only(rows, kept) for rows in (fit, dev))
        own_labels, own_fold_N = [labels[label] for label in kept.tolist()], fold_N[inside_N]
        found = search(own_fit, own_dev, own_labels, own_fold_N)
        cuts = choose_cuts(found, own_fit, own_fold_N, own_dev, own_labels, settings)
        others = fit.table.rows(np.flatnonzero(~inside_N))
        for _, acts_BS in dense_pieces(others, found.whole.columns):
            for kind, decision in enumerate((cuts.one, cuts.by_label or cuts.one)):
                unknown[kind] += (~decide(MANY, decision, acts_BS).given_N).sum()
    one, by_label = (unknown / len(fit.class_N)).tolist()
    return one, by_label


def _only(rows: LabelledTable, kept: Ints) -> LabelledTable:
    """The rows of some labels, which are numbered anew."""
    own = rows.rows(np.flatnonzero(np.isin(rows.class_N, kept)))
    return LabelledTable(own.table, np.searchsorted(kept, own.class_N))
