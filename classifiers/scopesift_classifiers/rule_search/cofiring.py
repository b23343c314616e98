"""Firing counts per class and feature, and co-firing counts of pairs of features.

Log-odds rules are computed from these. Counts are additive over documents: they are summed in pieces, kept by fold, and
subtracted for the fits without a fold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.rule import firing
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.feature_tables.pieces import dense_pieces


@dataclass(frozen=True, eq=False)
class CoFiring:
    """Counts over documents of C classes and S features.

    Attributes:
        sizes_C: Documents of each class.
        fired_CS: Number of these on which each feature fires.
        both_SS: Documents of any class on which two features fire; on the diagonal one feature.
    """

    sizes_C: NDArray[np.float64]
    fired_CS: NDArray[np.float64]
    both_SS: NDArray[np.float64]

    def __sub__(self, other: CoFiring) -> CoFiring:
        """The counts without some of the documents."""
        return CoFiring(
            self.sizes_C - other.sizes_C, self.fired_CS - other.fired_CS, self.both_SS - other.both_SS
        )

    def __add__(self, other: CoFiring) -> CoFiring:
        """The counts of both."""
        return CoFiring(
            self.sizes_C + other.sizes_C, self.fired_CS + other.fired_CS, self.both_SS + other.both_SS
        )

    def of(self, features: NDArray[np.int64]) -> CoFiring:
        """The counts of some of the features."""
        return CoFiring(self.sizes_C, self.fired_CS[:, features], self.both_SS[np.ix_(features, features)])

    def rates(self) -> NDArray[np.float64]:
        """P(fires | class), `[C, S]`; 0 for a class without documents."""
        rates: NDArray[np.float64] = self.fired_CS / np.maximum(self.sizes_C, 1.0)[:, None]
        return rates

    def covariance(self) -> NDArray[np.float64]:
        """Covariance of firing inside classes, pooled, `[S, S]`."""
        rates_CS = self.rates()
        explained_SS = (rates_CS * self.sizes_C[:, None]).T @ rates_CS
        pooled: NDArray[np.float64] = (self.both_SS - explained_SS) / max(float(self.sizes_C.sum()), 1.0)
        return pooled


def count_cofiring(fires_NS: NDArray[np.bool_], class_N: NDArray[np.int64], n_classes: int) -> CoFiring:
    """Count over N documents.

    Args:
        fires_NS: Which features fire on which documents.
        class_N: Their classes, 0 to `n_classes` - 1.
        n_classes: C.
    """
    # float32 is exact for integers up to 2**24, more than a piece has rows
    fires = fires_NS.astype(np.float32)
    members_CN = (np.arange(n_classes)[:, None] == class_N).astype(np.float32)
    return CoFiring(
        members_CN.sum(axis=1, dtype=np.float64),
        (members_CN @ fires).astype(np.float64),
        (fires.T @ fires).astype(np.float64),
    )


def count_by_fold(
    table: Table,
    columns: tuple[int, ...],
    thresholds_S: NDArray[np.float32],
    class_N: NDArray[np.int64],
    n_classes: int,
    fold_N: NDArray[np.int64],
) -> list[CoFiring]:
    """Counts of every fold, over features given as columns with thresholds (a column may occur twice)."""
    shape = (len(columns), len(columns))
    counts = [
        CoFiring(np.zeros(n_classes), np.zeros((n_classes, len(columns))), np.zeros(shape))
        for _ in range(int(fold_N.max(initial=0)) + 1)
    ]
    for rows_B, acts_BS in dense_pieces(table, columns):
        fires_BS = firing(acts_BS, thresholds_S)
        for fold, known in enumerate(counts):
            inside = fold_N[rows_B] == fold
            counts[fold] = known + count_cofiring(fires_BS[inside], class_N[rows_B[inside]], n_classes)
    return counts
