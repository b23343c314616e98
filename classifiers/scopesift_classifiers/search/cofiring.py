"""How often each class fires each feature, and how often two features fire in the same document.

That is all a many-class rule is made of. Counts add up over documents, so they are gathered in pieces, kept by
fold, and taken apart again for the fits that leave a fold out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.rule import firing
from scopesift_classifiers.tables.counting import Table

ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class CoFiring:
    """Counts over documents of C classes and S features.

    Attributes:
        sizes_C: Documents of each class.
        fired_CS: Of those, how many fire each feature.
        both_SS: Documents that fire two features, whatever their class; the diagonal counts one.
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
        fires_NS: Which documents fire which features.
        class_N: Their classes, 0 to `n_classes` - 1.
        n_classes: C.
    """
    # float32 counts whole numbers exactly up to 2**24, more than a piece has rows
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
    for rows_B, fires_BS in firing_pieces(table, columns, thresholds_S):
        for fold, known in enumerate(counts):
            inside = fold_N[rows_B] == fold
            counts[fold] = known + count_cofiring(fires_BS[inside], class_N[rows_B[inside]], n_classes)
    return counts


def firing_pieces(
    table: Table, columns: tuple[int, ...], thresholds_S: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Which documents fire which features, some thousand documents at a time: (row numbers, `[B, S]`).

    The layers of a document may lie far apart, so that all of them are read before the first piece is given:
    one bit is kept of each activation.
    """
    wanted = np.asarray(columns, dtype=np.int64)
    own, bits = [], []
    for place, layer in enumerate(table.layers):
        chosen = np.flatnonzero(wanted // table.d_sae == place)
        if len(chosen):
            own.append(chosen)
            bits.append(_packed_layer(table, layer, wanted[chosen] % table.d_sae, thresholds_S[chosen]))
    for begin in range(0, table.n_documents, ROWS_AT_ONCE):
        rows = np.arange(begin, min(begin + ROWS_AT_ONCE, table.n_documents))
        fires_BS = np.zeros((len(rows), len(wanted)), dtype=np.bool_)
        for chosen, packed_NB in zip(own, bits, strict=True):
            fires_BS[:, chosen] = np.unpackbits(packed_NB[rows], axis=1, count=len(chosen)).view(np.bool_)
        yield rows, fires_BS


def _packed_layer(
    table: Table, layer: int, indices: NDArray[np.int64], thresholds_S: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Firing of one layer's features, eight to a byte, `[N, ceil(S / 8)]`."""
    packed_NB = np.zeros((table.n_documents, -(-len(indices) // 8)), dtype=np.uint8)
    for documents_B, acts_BF in table.blocks(layer):
        acts_BS = acts_BF[:, indices].tocsr()
        for begin in range(0, len(documents_B), ROWS_AT_ONCE):
            piece = slice(begin, begin + ROWS_AT_ONCE)
            packed_NB[documents_B[piece]] = np.packbits(
                firing(acts_BS[piece].toarray(), thresholds_S), axis=1
            )
    return packed_NB
