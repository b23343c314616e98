"""Some columns of a table in pieces, so that a large table is never dense in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.feature_tables.counting import Table

ROWS_AT_ONCE = 4096
DOCUMENTS_AT_ONCE = 65_536
"""Documents per range when reading picked columns of a stored table, sparse in memory."""


def columns_of(table: Table, features: Iterable[tuple[int, int]]) -> list[int]:
    """Columns of (layer, index) pairs, in their order.

    Raises:
        ValueError: The table lacks a layer.
    """
    return [table.layers.index(layer) * table.d_sae + index for layer, index in features]


def dense_pieces(
    table: Table, columns: Sequence[int]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Activations of some columns, some thousand documents at a time: (row indices, `[B, len(columns)]`)."""
    for first in range(0, table.n_documents, DOCUMENTS_AT_ONCE):
        rows = np.arange(first, min(first + DOCUMENTS_AT_ONCE, table.n_documents))
        part = table if len(rows) == table.n_documents else table.rows(rows)
        picked_NP = part.pick(columns).tocsr()
        for begin in range(0, len(rows), ROWS_AT_ONCE):
            piece = slice(begin, begin + ROWS_AT_ONCE)
            yield rows[piece], picked_NP[piece].toarray()
