"""Which pieces of e5's vocabulary can occur in a few short texts, without reading all of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

LONGEST = 16
"""Characters of the longest piece."""


class Pieces:
    """The vocabulary as stored: spellings one after the other, and their Unigram log probabilities.

    Attributes:
        scores_P: log probability of every piece, float32.
    """

    def __init__(
        self, spellings: NDArray[np.uint8], bounds: NDArray[np.int64], scores_P: NDArray[np.float32]
    ) -> None:
        """Set the arrays.

        Args:
            spellings: the pieces' UTF-8.
            bounds: int64 `[P + 1]`, begin of every piece and end of the last.
            scores_P: float32 `[P]`.
        """
        self._spellings, self._bounds, self.scores_P = spellings, bounds, scores_P

    def spelled(self, ids: Iterable[int]) -> list[tuple[str, float]]:
        """Spelling and log probability of some pieces."""
        content, at = self._spellings.tobytes(), np.fromiter(ids, np.int64)
        places = zip(self._bounds[at].tolist(), self._bounds[at + 1].tolist(), strict=True)
        return [
            (content[begin:end].decode(), score)
            for (begin, end), score in zip(places, self.scores_P[at].tolist(), strict=True)
        ]

    def find(self, name: str) -> int | None:
        """Id of a piece by its spelling; None if there is none."""
        found = [one for one in self._hashed_like([name]).tolist() if self.spelled([one])[0][0] == name]
        return found[0] if found else None

    def inside(self, texts: Iterable[str]) -> NDArray[np.int64]:
        """Ids of all pieces that are substrings of texts, ascending; a few others may be among them."""
        parts = {
            text[begin : begin + length]
            for text in texts
            for begin in range(len(text))
            for length in range(1, min(LONGEST, len(text) - begin) + 1)
        }
        return self._hashed_like(sorted(parts))

    def _hashed_like(self, parts: list[str]) -> NDArray[np.int64]:
        if not parts:
            return np.zeros(0, np.int64)
        encoded = [part.encode() for part in parts]
        bounds = np.cumsum([0, *map(len, encoded)])
        wanted = _hashes(np.frombuffer(b"".join(encoded), np.uint8), bounds)
        hash_P, order_P = self._by_hash
        at = np.searchsorted(hash_P, wanted).clip(max=len(hash_P) - 1)
        return np.unique(order_P[at[hash_P[at] == wanted]])

    @cached_property
    def _by_hash(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Hashes of all pieces, ascending, and the pieces' ids in that order; no two are equal (a test compares)."""
        hash_P = _hashes(self._spellings, self._bounds)
        order_P = np.argsort(hash_P)
        return hash_P[order_P], order_P


def _hashes(content: NDArray[np.uint8], bounds: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A 64-bit hash of each part, none of them empty: the sum of its bytes times random numbers by position."""
    place = np.arange(len(content)) - np.repeat(bounds[:-1], np.diff(bounds))
    weights = np.random.default_rng(0).integers(1, 2**63, 4 * LONGEST, np.uint64)
    # longer parts than any piece share the last number
    products = weights.take(place, mode="clip")
    products *= content
    return np.add.reduceat(products, bounds[:-1])
