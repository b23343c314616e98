"""Activations of selected features in texts, built up from those of batches of windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_features.reading.batching.batches import Batch


@dataclass(frozen=True, eq=False)
class Places:
    """Positions of the maxima in their texts: `[texts or windows, features]`.

    Attributes:
        starts: start of the token with the maximum in characters, int64; -1 if there is none.
        ends: its end, exclusive; -1 if there is none.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SelectedReading:
    """Activations of S features in N texts.

    Attributes:
        acts_NS: largest activation over the text's tokens, float32; 0 where the feature is in no token's top-k, or not
            above its floor.
        places: positions of the maxima; None unless requested.
    """

    acts_NS: NDArray[np.float32]
    places: Places | None

    @classmethod
    def of_nothing(cls, n_texts: int, n_features: int, *, places: bool) -> SelectedReading:
        """A reading without any token."""
        shape = (n_texts, n_features)
        nowhere = Places(np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)) if places else None
        return cls(np.zeros(shape, np.float32), nowhere)

    def span(self, row: int, column: int) -> tuple[int, int]:
        """Start and end of the token with a feature's largest activation, -1 and -1 if there is none.

        Raises:
            ValueError: the reading has no places.
        """
        if self.places is None:
            raise ValueError("expected a reading with places, got one from a reader without")
        return int(self.places.starts[row, column]), int(self.places.ends[row, column])

    def take_in(self, batch: BatchReading) -> None:
        """Update the maxima with a batch; of equal activations the earliest token counts.

        The order of batches does not matter.
        """
        for rows_W in batch.rounds():
            for maxima in batch.maxima:
                self._raise(batch.document_W[rows_W], maxima, rows_W)

    def _raise(self, document_W: NDArray[np.int64], maxima: LayerMaxima, rows_W: NDArray[np.int64]) -> None:
        acts_WS = maxima.acts_WS[rows_W]
        fires = acts_WS.nonzero()  # few of them do
        acts, at = acts_WS[fires], (document_W[fires[0]], maxima.columns_S[fires[1]])
        known = self.acts_NS[at]
        if self.places is None or maxima.places is None:
            self.acts_NS[at] = np.maximum(acts, known)
            return
        own = rows_W[fires[0]], fires[1]
        starts = maxima.places.starts[own]
        better = (acts > known) | ((acts == known) & (starts < self.places.starts[at]))
        at = at[0][better], at[1][better]
        self.acts_NS[at] = acts[better]
        self.places.starts[at] = starts[better]
        self.places.ends[at] = maxima.places.ends[own][better]


@dataclass(frozen=True, eq=False)
class LayerMaxima:
    """Largest activations of one layer's features in the W windows of a batch.

    Attributes:
        columns_S: the features' columns among all that are read.
        acts_WS: float32, 0 where a feature does not fire.
        places: positions of the maxima; None unless requested.
    """

    columns_S: NDArray[np.int64]
    acts_WS: NDArray[np.float32]
    places: Places | None


@dataclass(frozen=True, eq=False)
class BatchReading:
    """Maxima of one batch.

    Attributes:
        document_W: index of the text of each of its W windows, int64.
        maxima: by layer.
    """

    document_W: NDArray[np.int64]
    maxima: list[LayerMaxima]

    def rounds(self) -> list[NDArray[np.int64]]:
        """The windows split in rounds with at most one window per text; usually there is one round."""
        order = np.argsort(self.document_W, kind="stable")
        _, first, count = np.unique(self.document_W[order], return_index=True, return_counts=True)
        nth_W = np.empty(len(order), dtype=np.int64)
        nth_W[order] = np.arange(len(order)) - np.repeat(first, count)
        return [np.flatnonzero(nth_W == nth) for nth in range(int(count.max(initial=0)))]


@dataclass(frozen=True, eq=False)
class HaltedBatch:
    """A batch that was run up to a layer.

    Attributes:
        batch: the batch.
        layer: the last layer that was run.
        reading: maxima of the layers so far.
        residual: the residual `[B, T, D]` after that layer, in the back end's own form; None where the back end runs
            the blocks again.
    """

    batch: Batch
    layer: int
    reading: BatchReading
    residual: Any
