"""Sums over the documents of a feature table, by fold: the sufficient statistics of a linear fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.linear_sum import transformed
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.feature_tables.pieces import dense_pieces
from scopesift_classifiers.rule_search.ridge import Moments

LEAST_DOCUMENTS = 3
"""Minimum number of fit documents on which a feature fires."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Targets:
    """Regression targets for N documents.

    Attributes:
        y_NC: 1 for the document's class, -1 for the others, `[N, C]`; a single column for the positive one of two
            labels.
        weight_N: Weight of each document, with sum N. Two labels have equal total weights, since the positive one may
            be rare. With many labels all documents have the same weight, since the objective is accuracy.
        class_N: Class of each document.
        group_N: Group of each document, such as its language; classes are compared inside of groups. All 0: one group.
    """

    y_NC: Floats
    weight_N: Floats
    class_N: NDArray[np.int64]
    group_N: NDArray[np.int64]

    @classmethod
    def of_two(cls, positive_N: NDArray[np.bool_]) -> Targets:
        """Targets of a positive label against the other: one column."""
        class_N = np.where(positive_N, 0, 1)
        weight_N = len(class_N) / (2.0 * np.bincount(class_N, minlength=2)[class_N])
        return cls(np.where(positive_N, 1.0, -1.0)[:, None], weight_N, class_N, np.zeros_like(class_N))

    @classmethod
    def of_many(cls, class_N: NDArray[np.int64], n_classes: int) -> Targets:
        """One-against-rest targets from class indices 0 to `n_classes` - 1: one column per class."""
        y_NC = np.where(class_N[:, None] == np.arange(n_classes), 1.0, -1.0)
        return cls(y_NC, np.ones(len(class_N)), class_N, np.zeros_like(class_N))


def rank_columns(
    table: Table, targets: Targets, fold_N: NDArray[np.int64], limit: int
) -> list[NDArray[np.int64]]:
    """The columns that differ most between the classes, without each fold and for all documents.

    By the correlation ratio (Fisher 1925): the between-class share of a transformed activation's variance, with equal
    class weights. With several groups, the classes' deviations (in standard deviations of the group) are averaged over
    the groups before they are squared, so that opposite signs cancel. One pass over the table.

    Args:
        table: Document features.
        targets: Their classes and groups.
        fold_N: Their folds, 0 to K - 1.
        limit: Maximum columns of a ranking.

    Returns:
        K + 1 arrays, best column first, without columns that are active in fewer than `LEAST_DOCUMENTS` documents.
    """
    n_folds, n_classes = int(fold_N.max()) + 1, int(targets.class_N.max()) + 1
    cells, cell_N = np.unique(np.stack([fold_N, targets.group_N]), axis=1, return_inverse=True)
    group_N = cell_N.ravel() * n_classes + targets.class_N
    n_cells = cells.shape[1]
    sizes_KC = np.bincount(group_N, minlength=n_cells * n_classes).reshape(n_cells, n_classes)
    scores: list[list[Floats]] = [[] for _ in range(n_folds + 1)]
    for layer in table.layers:
        sums_KCF = tuple(np.zeros((n_cells, n_classes, table.d_sae)) for _ in range(3))
        for documents_B, acts_BF in table.blocks(layer):
            column = np.repeat(np.arange(table.d_sae), np.diff(acts_BF.indptr))
            group = group_N[documents_B[acts_BF.indices]]
            value = transformed(acts_BF.data)
            for total_KCF, weights in zip(sums_KCF, (None, value, value**2), strict=True):
                counts = np.bincount(group * table.d_sae + column, weights, minlength=total_KCF.size)
                total_KCF += counts.reshape(total_KCF.shape)
        for fold in range(n_folds + 1):
            kept = [np.flatnonzero((cells[0] != fold) & (cells[1] == group)) for group in np.unique(cells[1])]
            scores[fold].append(_separation([own for own in kept if len(own)], sizes_KC, sums_KCF))
    found = []
    for parts in scores:
        score = np.concatenate(parts)
        order = np.argsort(-score, kind="stable")[:limit]
        found.append(order[score[order] >= 0])
    return found


def _separation(
    groups: list[NDArray[np.int64]], sizes_KC: NDArray[np.int64], sums_KCF: tuple[Floats, ...]
) -> Floats:
    """How far the classes are apart, by feature: 0 to 1, or -1 for a feature that is left out.

    Args:
        groups: Cells of each group.
        sizes_KC: Documents by cell and class.
        sums_KCF: Number of active documents, sum and sum of squares by cell, class and feature.
    """
    active_F = sum(sums_KCF[0][own].sum(axis=(0, 1)) for own in groups)
    apart = []
    for own in groups:
        sizes_C = np.maximum(sizes_KC[own].sum(axis=0), 1)[:, None]
        mean_CF, square_CF = (sums_KCF[moment][own].sum(axis=0) / sizes_C for moment in (1, 2))
        middle_F = mean_CF.mean(axis=0)
        variance_F = square_CF.mean(axis=0) - middle_F**2
        spread_F = np.sqrt(np.maximum(variance_F, 0.0))
        apart.append(np.divide(mean_CF - middle_F, spread_F, out=np.zeros_like(mean_CF), where=spread_F > 0))
    score_F: Floats = (np.mean(apart, axis=0) ** 2).mean(axis=0)
    return np.where(active_F < LEAST_DOCUMENTS, -1.0, score_F)


def moments_by_fold(
    table: Table,
    columns: NDArray[np.int64],
    targets: Targets,
    fold_N: NDArray[np.int64],
) -> list[Moments]:
    """Sums of each fold over some columns, in their order."""
    n_targets = targets.y_NC.shape[1]
    found = [Moments.zero(len(columns), n_targets) for _ in range(int(fold_N.max()) + 1)]
    for rows_B, acts_BP in dense_pieces(table, columns.tolist()):
        x_BP = transformed(acts_BP)
        for fold, known in enumerate(found):
            inside = fold_N[rows_B] == fold
            rows = rows_B[inside]
            found[fold] = known + Moments.of(x_BP[inside], targets.y_NC[rows], targets.weight_N[rows])
    return found
