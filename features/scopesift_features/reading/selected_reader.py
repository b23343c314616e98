"""Selected features of texts: the largest activation per text, and the token that reaches it.

Used for all verdicts: by the service and the command line for whole texts, by filtering batch by batch in several
threads. What runs a batch, torch or ONNX Runtime, is a subclass.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from scopesift_features.reading.batching.batches import Batch, default_batch_tokens, make_batches
from scopesift_features.reading.batching.text_chunks import text_chunks
from scopesift_features.reading.batching.windows import Window, make_windows
from scopesift_features.reading.clock import Clock, untimed
from scopesift_features.reading.selected_features import SelectedFeature, by_layer
from scopesift_features.reading.selected_reading import BatchReading, HaltedBatch, SelectedReading

if TYPE_CHECKING:
    from scopesift_features.scope import Scope


class SelectedReader(ABC):
    """Reads the same features of many texts, in one backbone pass that ends at the deepest of their layers.

    Not thread-safe: make one instance per thread with `replica`; weights are shared.

    Attributes:
        scope: the backbone and its SAEs.
        features: the features by layer and norm bound, shallow layers first.
        layers: the layers that are read, ascending.
        n_features: number of features.
        places: whether it returns the maxima's positions.
        clock: times the parts of `read_batch`; on a GPU, whose work is asynchronous, only their sum means something.
    """

    def __init__(self, scope: Scope, features: Sequence[SelectedFeature]) -> None:
        """Choose the features.

        Args:
            scope: the backbone and its SAEs.
            features: S features, the columns of the readings.
        """
        self.scope, self.places = scope, True
        self.clock: Clock = untimed
        self.features = by_layer(features)
        self.layers = sorted({own.layer for own in self.features})
        self.n_features = len(features)

    def without_places(self) -> Self:
        """The same reader without positions of maxima, which is faster, for callers that show no evidence."""
        twin = copy.copy(self)
        twin.places = False
        return twin

    def with_clock(self, clock: Clock) -> Self:
        """The same reader whose parts are timed."""
        twin = copy.copy(self)
        twin.clock = clock
        return twin

    @abstractmethod
    def load(self) -> None:
        """Load the weights now instead of with the first batch.

        Raises:
            ScopeError: a layer that the scope does not have, or files that are missing or damaged.
        """

    @property
    @abstractmethod
    def threads(self) -> int:
        """Threads that work on a batch."""

    @threads.setter
    @abstractmethod
    def threads(self, count: int) -> None: ...

    @abstractmethod
    def replica(self) -> Self:
        """The same reader for another thread, with shared weights."""

    @abstractmethod
    def residuals(self, batch: Batch) -> Any:
        """Run the backbone alone over one batch: the residuals of all layers that are read, in the back end's own form.

        Raises:
            ScopeError: a layer that the scope does not have.
        """

    @abstractmethod
    def read_batch(self, batch: Batch) -> BatchReading:
        """Run one batch.

        Raises:
            ScopeError: a layer that the scope does not have.
            ValueError: a residual that is not finite.
        """

    @abstractmethod
    def read_shallow(self, batch: Batch, layer: int) -> HaltedBatch:
        """Run one batch no further than one of the layers.

        Args:
            batch: the batch.
            layer: one of `layers`.

        Raises:
            ScopeError, ValueError: as `read_batch`.
        """

    @abstractmethod
    def read_deeper(self, halted: HaltedBatch, rows_W: NDArray[np.int64]) -> BatchReading:
        """Run on for some windows of a halted batch: with its own reading, the same maxima as `read_batch` gives them.

        Args:
            halted: from `read_shallow`.
            rows_W: the windows, indices into `halted.batch.windows`.

        Raises:
            ScopeError, ValueError: as `read_batch`.
        """

    @abstractmethod
    def token_acts(self, batch: Batch) -> NDArray[np.float32]:
        """Activations of the features on each token that counts, `[T, S]`, in the order of `batch.keep_BT`.

        Raises:
            ScopeError, ValueError: as `read_batch`.
        """

    def nothing(self, n_texts: int) -> SelectedReading:
        """An empty reading of texts, to update with batches."""
        return SelectedReading.of_nothing(n_texts, self.n_features, places=self.places)

    def read(
        self,
        texts: Sequence[str],
        *,
        max_tokens: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> SelectedReading:
        """Read texts; long ones are split into windows, and the maximum over windows is taken.

        Args:
            texts: N strings.
            max_tokens: maximum tokens of a batch; None: by device. Affects speed, and activations only by rounding.
            on_progress: called with (texts done, N).

        Raises:
            ScopeError: a layer that the scope does not have.
        """
        reading = self.nothing(len(texts))
        for begin, end in text_chunks(texts):
            windows = make_windows(self.scope, texts[begin:end], first_document=begin, offsets=self.places)

            def told(done: int, size: int, begin: int = begin, end: int = end) -> None:
                if on_progress is not None:
                    on_progress(begin + (end - begin) * done // size, len(texts))

            self.read_windows(windows, reading, max_tokens=max_tokens, on_progress=told)
            told(1, 1)
        return reading

    def read_windows(
        self,
        windows: Sequence[Window],
        reading: SelectedReading,
        *,
        max_tokens: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Read windows in batches, and update a reading with them.

        Args:
            windows: of texts of the reading.
            reading: from `nothing`.
            max_tokens: as in `read`.
            on_progress: called with (windows done, all).

        Raises:
            ScopeError: a layer that the scope does not have.
        """
        if not self.layers:
            return
        done = 0
        for batch in make_batches(windows, max_tokens or default_batch_tokens(self.scope.device)):
            reading.take_in(self.read_batch(batch))
            done += len(batch.windows)
            if on_progress is not None:
                on_progress(done, len(windows))
