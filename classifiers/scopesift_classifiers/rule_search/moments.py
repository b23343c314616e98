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
    """

    y_NC: Floats
    weight_N: Floats
    class_N: NDArray[np.int64]

    @classmethod
    def of_two(cls, positive_N: NDArray[np.bool_]) -> Targets:
        """Targets of a positive label against the other: one column."""
        class_N = np.where(positive_N, 0, 1)
        weight_N = len(class_N) / (2.0 * np.bincount(class_N, minlength=2)[class_N])
        return cls(np.where(positive_N, 1.0, -1.0)[:, None], weight_N, class_N)

    @classmethod
    def of_many(cls, class_N: NDArray[np.int64], n_classes: int) -> Targets:
        """One-against-rest targets from class indices 0 to `n_classes` - 1: one column per class."""
        y_NC = np.where(class_N[:, None] == np.arange(n_classes), 1.0, -1.0)
        return cls(y_NC, np.ones(len(class_N)), class_N)


def rank_columns(
    table: Table, targets: Targets, fold_N: NDArray[np.int64], limit: int
) -> list[NDArray[np.int64]]:
    """The columns that differ most between the classes, without each fold and for all documents.

    By the correlation ratio (Fisher 1925): the between-class share of a transformed activation's variance, with equal
    class weights. One pass over the table.

    Args:
        table: Document features.
        targets: Their classes.
        fold_N: Their folds, 0 to K - 1.
        limit: Maximum columns of a ranking.

    Returns:
        K + 1 arrays, best column first, without columns that are active in fewer than `LEAST_DOCUMENTS` documents.
    """
    n_folds, n_classes = int(fold_N.max()) + 1, int(targets.class_N.max()) + 1
    group_N = fold_N * n_classes + targets.class_N
    sizes_KC = np.bincount(group_N, minlength=n_folds * n_classes).reshape(n_folds, n_classes)
    ratios: list[list[Floats]] = [[] for _ in range(n_folds + 1)]
    for layer in table.layers:
        count_KCF, sum_KCF, square_KCF = (np.zeros((n_folds, n_classes, table.d_sae)) for _ in range(3))
        for documents_B, acts_BF in table.blocks(layer):
            column = np.repeat(np.arange(table.d_sae), np.diff(acts_BF.indptr))
            group = group_N[documents_B[acts_BF.indices]]
            value = transformed(acts_BF.data)
            for total_KCF, weights in ((count_KCF, None), (sum_KCF, value), (square_KCF, value**2)):
                counts = np.bincount(group * table.d_sae + column, weights, minlength=total_KCF.size)
                total_KCF += counts.reshape(total_KCF.shape)
        for fold in range(n_folds + 1):
            kept = np.arange(n_folds) != fold
            sizes_C = np.maximum(sizes_KC[kept].sum(axis=0), 1)[:, None]
            mean_CF = sum_KCF[kept].sum(axis=0) / sizes_C
            square_F = (square_KCF[kept].sum(axis=0) / sizes_C).mean(axis=0)
            all_F = square_F - mean_CF.mean(axis=0) ** 2
            between_F = mean_CF.var(axis=0)
            ratio_F = np.divide(between_F, all_F, out=np.zeros_like(all_F), where=all_F > 0)
            rare_F = count_KCF[kept].sum(axis=(0, 1)) < LEAST_DOCUMENTS
            ratios[fold].append(np.where(rare_F, -1.0, ratio_F))
    found = []
    for parts in ratios:
        ratio = np.concatenate(parts)
        order = np.argsort(-ratio, kind="stable")[:limit]
        found.append(order[ratio[order] >= 0])
    return found


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
