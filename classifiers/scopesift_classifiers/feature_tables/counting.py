"""Feature tables, and firing counts by label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.document_features import DocumentFeatures

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix

ENTRIES_AT_ONCE = 1 << 20
"""Sparse entries counted at a time, to bound the memory."""
DIGITS = 5
"""Of a candidate threshold: few enough that an artifact holds it exactly."""
GRID_DOCUMENTS = 20_000
"""Candidate thresholds are quantiles over at most about twice as many documents, evenly spaced."""


class Block(NamedTuple):
    """One layer's features of some documents: their row indices `[B]`, and CSC `[B, d_sae]` float32."""

    documents_B: NDArray[np.int64]
    acts_BF: csc_matrix


class Table(Protocol):
    """Document features of several layers, in memory or on disk; columns are ordered by layer."""

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers, in the order of the columns."""

    @property
    def d_sae(self) -> int:
        """Features per layer."""

    @property
    def n_documents(self) -> int:
        """N."""

    def blocks(self, layer: int) -> Iterator[Block]:
        """One layer's features; every document in one block."""

    def pick(self, columns: Sequence[int]) -> csc_matrix:
        """Some columns of all documents, CSC `[N, len(columns)]`."""

    def dense(self, columns: Sequence[int]) -> NDArray[np.float32]:
        """The same, dense."""

    def name(self, column: int) -> tuple[int, int]:
        """(layer, index) of a column."""

    def rows(self, index_N: NDArray[np.int64]) -> Table:
        """The same columns for some of the documents."""


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """The document features of several layers, concatenated, in memory.

    Attributes:
        acts_NF: scipy CSR `[N, layers * d_sae]` float32.
        layers: The layers, in the order of the columns.
        d_sae: Features per layer.
    """

    acts_NF: csr_matrix
    layers: tuple[int, ...]
    d_sae: int

    @classmethod
    def of(cls, features: DocumentFeatures) -> FeatureTable:
        """Concatenate the layers of `document_features`, shallowest first."""
        from scipy.sparse import hstack

        layers = tuple(sorted(features.acts))
        blocks = [features.acts[layer] for layer in layers]
        return cls(hstack(blocks, format="csr", dtype=np.float32), layers, blocks[0].shape[1])

    @property
    def n_documents(self) -> int:
        """N."""
        return int(self.acts_NF.shape[0])

    @cached_property
    def by_column(self) -> csc_matrix:
        """The table as CSC, for counting by column."""
        return self.acts_NF.tocsc()

    def name(self, column: int) -> tuple[int, int]:
        """(layer, index) of a column."""
        return self.layers[column // self.d_sae], column % self.d_sae

    def rows(self, index_N: NDArray[np.int64]) -> FeatureTable:
        """The same columns for some of the documents."""
        return FeatureTable(self.acts_NF[index_N], self.layers, self.d_sae)

    def blocks(self, layer: int) -> Iterator[Block]:
        """One layer's features, in one block that shares the table's memory."""
        first = self.layers.index(layer) * self.d_sae
        yield Block(np.arange(self.n_documents), column_range(self.by_column, first, first + self.d_sae))

    def pick(self, columns: Sequence[int]) -> csc_matrix:
        """Some columns, CSC `[N, len(columns)]`."""
        return self.by_column[:, list(columns)]

    def dense(self, columns: Sequence[int]) -> NDArray[np.float32]:
        """Activations of some columns, `[N, len(columns)]` float32."""
        picked: NDArray[np.float32] = self.pick(columns).toarray()
        return picked


def column_range(acts_NF: csc_matrix, begin: int, end: int) -> csc_matrix:
    """Columns `begin` to `end` of a CSC matrix, without a copy."""
    from scipy.sparse import csc_matrix

    first, last = acts_NF.indptr[begin], acts_NF.indptr[end]
    parts = (acts_NF.data[first:last], acts_NF.indices[first:last], acts_NF.indptr[begin : end + 1] - first)
    return csc_matrix(parts, shape=(acts_NF.shape[0], end - begin), copy=False)


def threshold_grid(acts_NF: csr_matrix | csc_matrix, levels: Sequence[float]) -> NDArray[np.float32]:
    """Candidate thresholds of every column: quantiles of its positive activations.

    Args:
        acts_NF: Document features.
        levels: Quantile levels in [0, 1), ascending; level 0 gives the threshold 0.

    Returns:
        `[len(levels), F]` float32, rounded to five significant digits, so that artifacts are exact; infinity for a
        column that never fires.
    """
    columns: csc_matrix = acts_NF.tocsc()
    grid = np.full((len(levels), acts_NF.shape[1]), np.inf, dtype=np.float32)
    counts = np.diff(columns.indptr)
    for column in np.flatnonzero(counts):
        values = np.sort(columns.data[columns.indptr[column] : columns.indptr[column + 1]])
        picks = np.minimum((np.asarray(levels) * len(values)).astype(int), len(values) - 1)
        grid[:, column] = values[picks]
    for row, level in enumerate(levels):
        if level == 0:
            grid[row, counts > 0] = 0.0
    return round_significant(grid)


def layer_grid(table: Table, layer: int, levels: Sequence[float]) -> NDArray[np.float32]:
    """`threshold_grid` of one layer, `[len(levels), d_sae]`, over evenly spaced documents of a large table."""
    from scipy.sparse import vstack

    step = max(1, table.n_documents // GRID_DOCUMENTS)
    parts = [
        acts_BF if step == 1 else acts_BF[np.flatnonzero(documents_B % step == 0)]
        for documents_B, acts_BF in table.blocks(layer)
    ]
    return threshold_grid(parts[0] if len(parts) == 1 else vstack(parts, format="csc"), levels)


def round_significant(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round down to `DIGITS` significant decimal digits; 0 and infinity stay."""
    out = np.asarray(values, dtype=np.float64).copy()
    usable = np.isfinite(out) & (out > 0)
    scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(out[usable])))
    out[usable] = np.floor(out[usable] * scale) / scale
    return out.astype(np.float32)


def firing_counts(
    acts_NF: csc_matrix, grid_QF: NDArray[np.float32], group_N: NDArray[np.int64], n_groups: int
) -> NDArray[np.int64]:
    """Number of documents of each group on which each feature fires at each threshold.

    Every activation is counted once, at the highest threshold that it reaches; cumulative sums from the top are the
    counts.

    Args:
        acts_NF: Document features.
        grid_QF: Thresholds, ascending in every column.
        group_N: Group of each document, from 0; -1 for documents to ignore.
        n_groups: G.

    Returns:
        `[Q, G, F]` int64.

    Raises:
        ValueError: The thresholds do not ascend.
    """
    if (grid_QF[1:] < grid_QF[:-1]).any():
        raise ValueError("expected thresholds that ascend in every column; sort the levels")
    columns: csc_matrix = acts_NF.tocsc()
    levels, features = grid_QF.shape
    counts = np.zeros((levels, n_groups, features), dtype=np.int64)
    starts = columns.indptr
    begin = 0
    while begin < features:
        end = int(np.searchsorted(starts, starts[begin] + ENTRIES_AT_ONCE, side="right")) - 1
        end = min(max(end, begin + 1), features)
        entries = slice(starts[begin], starts[end])
        column = np.repeat(np.arange(end - begin), np.diff(starts[begin : end + 1]))
        group, values = group_N[columns.indices[entries]], columns.data[entries]
        if (group < 0).any():
            column, values, group = column[group >= 0], values[group >= 0], group[group >= 0]
        passed = np.zeros(len(values), dtype=np.int64)
        for level in range(levels):
            passed += values >= grid_QF[level, begin:end][column]
        key = (column * n_groups + group) * (levels + 1) + passed
        table = np.bincount(key, minlength=(end - begin) * n_groups * (levels + 1))
        table = table.reshape(end - begin, n_groups, levels + 1)[:, :, ::-1].cumsum(axis=2)[:, :, -2::-1]
        counts[:, :, begin:end] = table.transpose(2, 1, 0)
        begin = end
    return counts


def firing_rates(
    acts_NF: csr_matrix | csc_matrix, grid_QF: NDArray[np.float32], members_NC: NDArray[np.float32]
) -> NDArray[np.float32]:
    """P(document of class c fires feature f at threshold q).

    Returns:
        `[Q, C, F]` float32; 0 for a class without documents.
    """
    group_N = np.where(members_NC.any(axis=1), members_NC.argmax(axis=1), -1)
    counts_QCF = firing_counts(acts_NF.tocsc(), grid_QF, group_N, members_NC.shape[1])
    sizes_C = np.maximum(members_NC.sum(axis=0, dtype=np.float64), 1.0)
    return (counts_QCF / sizes_C[None, :, None]).astype(np.float32)


def rate_differences(rates_QCF: NDArray[np.float32], members_NC: NDArray[np.float32]) -> NDArray[np.float32]:
    """delta: P(fires | class) - P(fires | any other class), `[Q, C, F]` (Qwen-Scope report, section 5)."""
    sizes_C = members_NC.sum(axis=0, dtype=np.float64)
    return count_differences(rates_QCF * sizes_C[None, :, None], sizes_C)


def count_differences(fired_QCF: NDArray[Any], sizes_C: NDArray[np.float64]) -> NDArray[np.float32]:
    """Differences of firing rates from counts of firing documents, `[Q, C, F]`, and the classes' sizes."""
    others_C = np.maximum(sizes_C.sum() - sizes_C, 1.0)
    own_QCF = fired_QCF / np.maximum(sizes_C, 1.0)[None, :, None]
    rest_QCF = (fired_QCF.sum(axis=1, keepdims=True) - fired_QCF) / others_C[None, :, None]
    difference: NDArray[np.float32] = (own_QCF - rest_QCF).astype(np.float32)
    return difference
