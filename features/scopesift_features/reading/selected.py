"""Selected features of texts: the largest activation per text, and the token that reaches it.

Used for all verdicts: by the service and the command line for whole texts, by filtering batch by batch in several
threads.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_kernels import SelectedMaxima

from scopesift_features.backbone.cut import Backbone
from scopesift_features.reading.batches import Batch, make_batches
from scopesift_features.reading.extract import LayerTokens, ResidualBatch, default_batch_tokens, read_batch
from scopesift_features.reading.selected_features import LayerFeatures, SelectedFeature, by_layer
from scopesift_features.reading.windows import make_windows
from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.scope import Scope

CHUNK_TEXTS = 2048


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


Encoder = Callable[[SparseAutoencoder, LayerTokens, LayerFeatures], SelectedMaxima]
"""(SAE, tokens, features) of one layer -> maxima over each window; see `SparseAutoencoder.encode_selected`."""


def with_kernels(sae: SparseAutoencoder, tokens: LayerTokens, features: LayerFeatures) -> SelectedMaxima:
    """The default encoder: scopesift_kernels."""
    return sae.encode_selected(
        tokens.x_TD, features.indices_S, features.floors_S, tokens.window_T, len(tokens.windows)
    )


class SelectedReader:
    """Reads the same features of many texts, in one backbone pass that ends at the deepest of their layers.

    Not thread-safe: make one instance per thread with `replica`; weights are shared.

    Attributes:
        scope: the backbone and its SAEs.
        layers: the layers that are read, ascending.
        places: whether it returns the maxima's positions.
    """

    def __init__(
        self,
        scope: Scope,
        features: Sequence[SelectedFeature],
        *,
        encoder: Encoder = with_kernels,
    ) -> None:
        """Choose the features; weights are loaded on first use.

        Args:
            scope: the backbone and its SAEs.
            features: S features, the columns of the readings.
            encoder: another encoder than the default.
        """
        self.scope, self.places = scope, True
        self._n_features = len(features)
        self._features, self._encoder = by_layer(features), encoder
        self.layers = sorted({own.layer for own in self._features})
        self._own_backbone: Backbone | None = None

    @property
    def backbone(self) -> Backbone:
        """The backbone, loaded if needed."""
        return self._own_backbone or self.scope.backbone(max(self.layers))

    def without_places(self) -> SelectedReader:
        """The same reader without positions of maxima, which is faster, for callers that show no evidence."""
        twin = copy.copy(self)
        twin.places = False
        return twin

    def replica(self) -> SelectedReader:
        """The same reader for another thread: its own hooks, shared weights."""
        twin = copy.copy(self)
        model = self.backbone.model
        shared = {id(weight): weight for weight in (*model.parameters(), *model.buffers())}
        twin._own_backbone = Backbone(copy.deepcopy(model, shared))
        return twin

    def nothing(self, n_texts: int) -> SelectedReading:
        """An empty reading of texts, to update with batches."""
        return SelectedReading.of_nothing(n_texts, self._n_features, places=self.places)

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
        if not self.layers:
            return reading
        max_tokens = max_tokens or default_batch_tokens(self.scope.device)
        for begin in range(0, len(texts), CHUNK_TEXTS):
            chunk = texts[begin : begin + CHUNK_TEXTS]
            windows = make_windows(self.scope, chunk, first_document=begin, offsets=self.places)
            done = 0
            for batch in make_batches(windows, max_tokens):
                reading.take_in(self.read_batch(batch))
                done += len(batch.windows)
                if on_progress is not None:
                    on_progress(begin + len(chunk) * done // len(windows), len(texts))
            if on_progress is not None:
                on_progress(begin + len(chunk), len(texts))
        return reading

    @torch.inference_mode()
    def read_batch(self, batch: Batch) -> BatchReading:
        """Run one batch."""
        residuals = read_batch(self.backbone, batch, self.layers, self.scope.sae_device)
        document_W = np.array([window.document for window in batch.windows], dtype=np.int64)
        return BatchReading(document_W, [self._maxima(residuals, features) for features in self._features])

    def _maxima(self, batch: ResidualBatch, features: LayerFeatures) -> LayerMaxima:
        tokens = batch.at(features.layer, features.norm_bound)
        found = self._encoder(self.scope.sae(features.layer), tokens, features)
        acts_WS = found.maxima_NS.cpu().numpy()
        if not self.places:
            return LayerMaxima(features.columns_S, acts_WS, None)
        tokens_WS = found.tokens_NS.cpu().numpy()
        starts_T, ends_T = tokens.spans()
        # token -1 indexes the appended last value
        starts_WS, ends_WS = (np.append(value_T, -1)[tokens_WS] for value_T in (starts_T, ends_T))
        return LayerMaxima(features.columns_S, acts_WS, Places(starts_WS, ends_WS))


def read_selected(scope: Scope, texts: Sequence[str], features: Sequence[tuple[int, int]]) -> SelectedReading:
    """Read the given features of texts, with places.

    Args:
        scope: the backbone and its SAEs; tokens above its norm bounds are left out.
        texts: N strings.
        features: S pairs (layer, index).

    Raises:
        ScopeError: a layer that the scope does not have.
    """
    return SelectedReader(scope, scope.selected(features)).read(texts)
