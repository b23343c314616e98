"""A synthetic table of document features with nano's shape, with any number of documents in little memory.

Two blocks of documents per layer are made once and repeated; readers still process every document.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.feature_tables.stored import SegmentRows, StoredTable
from scopesift_classifiers.labelled_rows.rows import LabelledText

LAYERS, D_SAE = 6, 3072
ACTIVE = 640  # active features per document and layer, on average, as with nano on posts
BLOCK = 2048
SIGNAL = 40  # informative features per layer and class


def stored_table(n_documents: int, n_classes: int) -> StoredTable:
    """The table as stored in the feature cache, read block by block."""
    parts: dict[int, list[SegmentRows]] = {layer: [] for layer in range(LAYERS)}
    for layer in parts:
        for number, begin in enumerate(range(0, n_documents, BLOCK)):
            documents = np.arange(begin, min(begin + BLOCK, n_documents))
            path = Path(f"{layer}/{n_classes}/{number % 2}")
            parts[layer].append(SegmentRows(path, documents - begin, documents))
        for path in {part.path for part in parts[layer]}:
            _read(path, np.arange(BLOCK), D_SAE)  # made here, so that it is not part of the timing
    return StoredTable(parts, n_documents, D_SAE, _read)


def in_memory(n_documents: int, n_classes: int) -> FeatureTable:
    """The same documents in memory."""
    table = stored_table(n_documents, n_classes)
    layers = [
        vstack([_read(part.path, part.rows_B, D_SAE) for part in table.parts[layer]], format="csr")
        for layer in table.layers
    ]
    return FeatureTable(hstack(layers, format="csr"), table.layers, D_SAE)


def labelled(begin: int, end: int, n_classes: int) -> LabelledText:
    """Rows of the table with their labels; their texts are placeholders."""
    names = ["clean", "toxic"] if n_classes == 2 else [f"class {number}" for number in range(n_classes)]
    rows = range(begin, end)
    nothing: list[str | None] = [None] * len(rows)
    return LabelledText(
        [str(row) for row in rows], [names[row % BLOCK % n_classes] for row in rows], nothing, nothing
    )


def _read(path: Path, rows: NDArray[np.int64], _: int) -> csr_matrix:
    layer, n_classes, number = map(int, path.parts)
    whole = _block(layer, n_classes, number)
    return whole if len(rows) == BLOCK else whole[rows]


@cache
def _block(layer: int, n_classes: int, number: int) -> csr_matrix:
    rng = np.random.default_rng([layer, n_classes, number])
    rows = np.repeat(np.arange(BLOCK), ACTIVE)
    columns = (D_SAE * rng.random(len(rows)) ** 1.5).astype(
        np.int64
    )  # a few frequent features, most of them rare
    # each informative feature fires on a fifth of its class's documents too
    own = np.arange(BLOCK) % n_classes
    speaks_NS = rng.random((BLOCK, SIGNAL)) < 0.2
    signal_rows, signal = np.nonzero(speaks_NS)
    signal_columns = D_SAE - 1 - (own[signal_rows] * SIGNAL + signal) % D_SAE
    every_row, every_column = np.concatenate([rows, signal_rows]), np.concatenate([columns, signal_columns])
    flat = np.unique(every_row * D_SAE + every_column)
    values = rng.exponential(1.0, len(flat)).astype(np.float32) + np.float32(0.01)
    return csr_matrix((values, np.divmod(flat, D_SAE)), shape=(BLOCK, D_SAE))
