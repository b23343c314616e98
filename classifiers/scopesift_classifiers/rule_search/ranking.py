"""Rankings of features by firing-rate difference, for all rows and without each fold.

Counts are additive, so one pass over the table, layer by layer, is enough for the fit and all its cross-fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.feature_tables.counting import Table, count_differences, firing_counts, layer_grid

WHOLE = -1


@dataclass(frozen=True, eq=False)
class Ranking:
    """Features that fire more on a class than on the rest, largest difference first.

    Attributes:
        columns_R: Columns of the table.
        differences_R: Their firing-rate difference at its best threshold, above 0.
        levels_R: Index of that threshold.
        grid_QR: Their candidate thresholds, ascending.
    """

    columns_R: NDArray[np.int64]
    differences_R: NDArray[np.float32]
    levels_R: NDArray[np.int64]
    grid_QR: NDArray[np.float32]

    def best_thresholds(self) -> NDArray[np.float32]:
        """The threshold of the largest difference, `[R]`."""
        best: NDArray[np.float32] = self.grid_QR[self.levels_R, np.arange(len(self.columns_R))]
        return best

    def first(self, count: int) -> Ranking:
        """The `count` largest."""
        return Ranking(
            self.columns_R[:count],
            self.differences_R[:count],
            self.levels_R[:count],
            self.grid_QR[:, :count],
        )


def rank(
    table: Table,
    class_N: NDArray[np.int64],
    n_classes: int,
    levels: Sequence[float],
    *,
    limit: int,
    classes: Sequence[int] | None = None,
    fold_N: NDArray[np.int64] | None = None,
) -> dict[tuple[int, int], Ranking]:
    """Rank the features of a table for every class against the rest.

    Args:
        table: Document features.
        class_N: Class of each document, 0 to `n_classes` - 1.
        n_classes: Number of classes.
        levels: Quantile levels of the candidate thresholds, ascending. Thresholds are computed on all documents for
            every fold, since they don't depend on labels.
        limit: Maximum features per layer.
        classes: Classes to rank for; None: all.
        fold_N: Fold of each document, for rankings without each fold.

    Returns:
        By (omitted fold or `WHOLE`, class).
    """
    fold_N = np.zeros(len(class_N), dtype=np.int64) if fold_N is None else fold_N
    n_folds = int(fold_N.max(initial=0)) + 1
    group_N = fold_N * n_classes + class_N
    sizes_KC = np.bincount(group_N, minlength=n_folds * n_classes).reshape(n_folds, n_classes)
    left_out = [WHOLE, *range(n_folds)] if n_folds > 1 else [WHOLE]
    wanted = range(n_classes) if classes is None else classes
    found: dict[tuple[int, int], list[Ranking]] = {(fold, one): [] for fold in left_out for one in wanted}
    for place, layer in enumerate(table.layers):
        grid_QF = layer_grid(table, layer, levels)
        counts_QKCF = np.zeros((len(levels), n_folds, n_classes, table.d_sae), dtype=np.int64)
        for documents_B, acts_BF in table.blocks(layer):
            counts = firing_counts(acts_BF, grid_QF, group_N[documents_B], n_folds * n_classes)
            counts_QKCF += counts.reshape(counts_QKCF.shape)
        fired_QCF = counts_QKCF.sum(axis=1)
        sizes_C = sizes_KC.sum(axis=0).astype(np.float64)
        for fold in left_out:
            out = 0 if fold == WHOLE else counts_QKCF[:, fold]
            less = 0 if fold == WHOLE else sizes_KC[fold]
            difference_QCF = count_differences(fired_QCF - out, sizes_C - less)
            for one in wanted:
                found[fold, one].append(
                    _best_of_layer(difference_QCF[:, one], grid_QF, place * table.d_sae, limit)
                )
    return {key: _merged(parts) for key, parts in found.items()}


def _best_of_layer(
    difference_QF: NDArray[np.float32], grid_QF: NDArray[np.float32], first_column: int, limit: int
) -> Ranking:
    best_F = difference_QF.max(axis=0)
    order = np.argsort(-best_F, kind="stable")[:limit]
    order = order[best_F[order] > 0]
    return Ranking(
        first_column + order, best_F[order], difference_QF[:, order].argmax(axis=0), grid_QF[:, order]
    )


def _merged(parts: Sequence[Ranking]) -> Ranking:
    columns = np.concatenate([part.columns_R for part in parts])
    differences = np.concatenate([part.differences_R for part in parts])
    order = np.lexsort((columns, -differences))
    return Ranking(
        columns[order],
        differences[order],
        np.concatenate([part.levels_R for part in parts])[order],
        np.concatenate([part.grid_QR for part in parts], axis=1)[:, order],
    )
