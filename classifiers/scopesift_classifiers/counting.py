"""Counting which features fire for which labels: everything that fitting knows about the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scopesift_features.document_features import DocumentFeatures

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """The document features of several layers side by side.

    Attributes:
        acts_NF: scipy CSR `[N, layers * d_sae]` float32.
        layers: The layers, in the order of the columns.
        d_sae: Features a layer.
    """

    acts_NF: csr_matrix
    layers: tuple[int, ...]
    d_sae: int

    @classmethod
    def of(cls, features: DocumentFeatures) -> FeatureTable:
        """Put the layers of `document_features` side by side, shallowest first."""
        from scipy.sparse import hstack

        layers = tuple(sorted(features.acts))
        blocks = [features.acts[layer] for layer in layers]
        return cls(hstack(blocks, format="csr", dtype=np.float32), layers, blocks[0].shape[1])

    def name(self, column: int) -> tuple[int, int]:
        """(layer, index) of a column."""
        return self.layers[column // self.d_sae], column % self.d_sae

    def rows(self, index_N: NDArray[np.int64]) -> FeatureTable:
        """The same columns for some of the documents."""
        return FeatureTable(self.acts_NF[index_N], self.layers, self.d_sae)

    def up_to(self, max_layer: int | None) -> FeatureTable:
        """Without the layers deeper than `max_layer`."""
        if max_layer is None or max_layer >= self.layers[-1]:
            return self
        kept = tuple(layer for layer in self.layers if layer <= max_layer)
        return FeatureTable(self.acts_NF[:, : len(kept) * self.d_sae].tocsr(), kept, self.d_sae)

    def dense(self, columns: Sequence[int]) -> NDArray[np.float32]:
        """Activations of some columns, `[N, len(columns)]` float32."""
        picked: NDArray[np.float32] = self.acts_NF[:, list(columns)].toarray()
        return picked


def one_hot(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.float32]:
    """`[N, C]`: 1 where a document has a class."""
    return np.array(
        [[float(label == name) for name in classes] for label in labels], dtype=np.float32
    ).reshape(len(labels), len(classes))


def threshold_grid(acts_NF: csr_matrix, levels: Sequence[float]) -> NDArray[np.float32]:
    """Candidate thresholds of every column: quantiles of its positive activations.

    Args:
        acts_NF: Document features.
        levels: Quantile levels in [0, 1); level 0 stands for the threshold 0.

    Returns:
        `[len(levels), F]` float32, rounded to five significant digits so that an artifact holds them exactly;
        infinity where a column never fires.
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


def round_significant(values: NDArray[np.float32], digits: int = 5) -> NDArray[np.float32]:
    """Round down to significant decimal digits; 0 and infinity stay."""
    out = np.asarray(values, dtype=np.float64).copy()
    usable = np.isfinite(out) & (out > 0)
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(out[usable])))
    out[usable] = np.floor(out[usable] * scale) / scale
    return out.astype(np.float32)


def firing_rates(
    acts_NF: csr_matrix, grid_QF: NDArray[np.float32], members_NC: NDArray[np.float32]
) -> NDArray[np.float32]:
    """P(document of class c fires feature f at threshold q).

    Returns:
        `[Q, C, F]` float32; 0 for a class without documents.
    """
    sizes_C = np.maximum(members_NC.sum(axis=0), 1.0)
    columns = acts_NF.indices
    rates = np.empty((len(grid_QF), members_NC.shape[1], acts_NF.shape[1]), dtype=np.float32)
    for row, thresholds_F in enumerate(grid_QF):
        fires = acts_NF.copy()
        fires.data = (acts_NF.data >= thresholds_F[columns]).astype(np.float32)
        rates[row] = (fires.T @ members_NC).T / sizes_C[:, None]
    return rates


def rate_differences(rates_QCF: NDArray[np.float32], members_NC: NDArray[np.float32]) -> NDArray[np.float32]:
    """delta: P(fires | class) - P(fires | any other class), `[Q, C, F]` (Qwen-Scope report, section 5)."""
    sizes_C = members_NC.sum(axis=0)
    fired_QCF = rates_QCF * sizes_C[None, :, None]
    others = np.maximum(sizes_C.sum() - sizes_C, 1.0)
    difference: NDArray[np.float32] = (
        rates_QCF - (fired_QCF.sum(axis=1, keepdims=True) - fired_QCF) / others[None, :, None]
    ).astype(np.float32)
    return difference
