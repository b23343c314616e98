"""Document features that stay on disk and are read segment by segment, for fits on a million documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopesiftError, first_line

from scopesift_classifiers.feature_tables.counting import Block
from scopesift_classifiers.feature_tables.segment import DAMAGE, discard, mark_used, read_sparse

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix


@dataclass(frozen=True, eq=False)
class SegmentRows:
    """Rows of one segment with their documents.

    Attributes:
        path: The segment.
        rows_B: Row indices in it.
        documents_B: The document of each; duplicate texts have the same row.
    """

    path: Path
    rows_B: NDArray[np.int64]
    documents_B: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class StoredTable:
    """Like `FeatureTable`, but in the feature cache instead of in memory.

    Attributes:
        parts: For every layer the segments of its rows.
        n_documents: N.
        d_sae: Features per layer.
        read: Reads rows of a segment, CSR.
    """

    parts: Mapping[int, Sequence[SegmentRows]]
    n_documents: int
    d_sae: int
    read: Callable[[Path, NDArray[np.int64], int], csr_matrix] = read_sparse

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers, in the order of the columns."""
        return tuple(sorted(self.parts))

    def name(self, column: int) -> tuple[int, int]:
        """(layer, index) of a column."""
        return self.layers[column // self.d_sae], column % self.d_sae

    def stored_bytes(self) -> int:
        """Size of its segments, without deleted ones."""
        paths = {part.path for parts in self.parts.values() for part in parts}
        return sum(path.stat().st_size for path in paths if path.is_file())

    def rows(self, index_N: NDArray[np.int64]) -> StoredTable:
        """The same columns for some of the documents, each once."""
        place_N = np.full(self.n_documents, -1, dtype=np.int64)
        place_N[index_N] = np.arange(len(index_N))
        kept: dict[int, list[SegmentRows]] = {layer: [] for layer in self.parts}
        for layer, parts in self.parts.items():
            for part in parts:
                inside = place_N[part.documents_B] >= 0
                if inside.any():
                    documents_B = place_N[part.documents_B[inside]]
                    kept[layer].append(SegmentRows(part.path, part.rows_B[inside], documents_B))
        return StoredTable(kept, len(index_N), self.d_sae, self.read)

    def blocks(self, layer: int) -> Iterator[Block]:
        """One layer's features, segment by segment.

        Raises:
            ScopesiftError: A segment was deleted or damaged since the table was made; a damaged one is deleted, so that
                it is read again the next time.
        """
        for part in self.parts[layer]:
            try:
                acts_BF = self.read(part.path, part.rows_B, self.d_sae)
            except DAMAGE as error:
                discard(part.path)
                raise ScopesiftError(
                    f"{part.path}: the feature cache changed during the fit ({first_line(error)}); run it again"
                ) from None
            mark_used(part.path)
            yield Block(part.documents_B, acts_BF.tocsc())

    def pick(self, columns: Sequence[int]) -> csc_matrix:
        """Some columns of all documents, CSC `[N, len(columns)]`; reads their layers only."""
        from scipy.sparse import csc_matrix

        wanted = np.asarray(columns, dtype=np.int64)
        rows, places, values = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for order, layer in enumerate(self.layers):
            own = np.flatnonzero(wanted // self.d_sae == order)
            if not len(own):
                continue
            for documents_B, acts_BF in self.blocks(layer):
                picked = acts_BF[:, wanted[own] % self.d_sae].tocoo()
                rows.append(documents_B[picked.row])
                places.append(own[picked.col])
                values.append(picked.data)
        shape = (self.n_documents, len(wanted))
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(places)))
        return csc_matrix(entries, shape=shape, dtype=np.float32)

    def dense(self, columns: Sequence[int]) -> NDArray[np.float32]:
        """Activations of some columns, `[N, len(columns)]` float32."""
        picked: NDArray[np.float32] = self.pick(columns).toarray()
        return picked
