"""Bitmaps of the documents on which each (feature, threshold) pair fires; a search step is a popcount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix

WORD = 64
WORDS_AT_ONCE = 1 << 20

Bits = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class FiringBits:
    """P pairs over N documents.

    Attributes:
        bits_PW: One bit per document, in W words of 64.
        n_documents: N.
    """

    bits_PW: Bits
    n_documents: int

    @classmethod
    def of(cls, acts_NS: csc_matrix, thresholds_S: Sequence[NDArray[np.float32]]) -> FiringBits:
        """Compare every column with each of its thresholds.

        Args:
            acts_NS: Document features of S columns.
            thresholds_S: The thresholds of each column; 0 means any positive activation.
        """
        n_documents = int(acts_NS.shape[0])
        bits_PW = np.zeros((sum(map(len, thresholds_S)), words_for(n_documents)), dtype=np.uint64)
        pair = 0
        for column, thresholds in enumerate(thresholds_S):
            entries = slice(acts_NS.indptr[column], acts_NS.indptr[column + 1])
            rows, values = acts_NS.indices[entries], acts_NS.data[entries]
            for threshold in thresholds:
                fires_N = np.zeros(n_documents, dtype=np.bool_)
                fires_N[rows[values >= threshold]] = True
                bits_PW[pair] = pack_bits(fires_N)
                pair += 1
        return cls(bits_PW, n_documents)

    def fired(self, pairs: Sequence[int]) -> NDArray[np.int64]:
        """Number of some pairs that fire on each document, `[N]`."""
        count_N = np.zeros(self.n_documents, dtype=np.int64)
        for pair in pairs:
            count_N += unpack_bits(self.bits_PW[pair], self.n_documents)
        return count_N

    def count(self, among_N: NDArray[np.bool_], pairs: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Number of documents in `among_N` on which each pair fires, `[P]` (or `[len(pairs)]`)."""
        mask_W = pack_bits(among_N)
        bits_PW = self.bits_PW if pairs is None else self.bits_PW[pairs]
        found = np.empty(len(bits_PW), dtype=np.int64)
        step = max(1, WORDS_AT_ONCE // max(len(mask_W), 1))
        for begin in range(0, len(bits_PW), step):
            both = bits_PW[begin : begin + step] & mask_W
            found[begin : begin + step] = np.bitwise_count(both).sum(axis=1, dtype=np.int64)
        return found


def words_for(n_documents: int) -> int:
    """Number of words of 64 bits for N documents."""
    return -(-n_documents // WORD)


def pack_bits(flags_N: NDArray[np.bool_]) -> Bits:
    """Booleans as bits, padded with zeros to whole words."""
    padded = np.zeros(words_for(len(flags_N)) * WORD // 8, dtype=np.uint8)
    packed = np.packbits(flags_N)
    padded[: len(packed)] = packed
    return padded.view(np.uint64)


def unpack_bits(bits_W: Bits, n_documents: int) -> NDArray[np.bool_]:
    """Inverse of `pack_bits`."""
    return np.unpackbits(bits_W.view(np.uint8), count=n_documents).view(np.bool_)
