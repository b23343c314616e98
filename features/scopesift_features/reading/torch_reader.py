"""Selected features read by torch: the cut backbone, and the SAEs' kernels."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_kernels import SelectedMaxima
from torch import Tensor

from scopesift_features.backbone.cut import Backbone
from scopesift_features.reading.batching.batches import Batch
from scopesift_features.reading.extract import LayerTokens, ResidualBatch, keep_tokens, read_batch
from scopesift_features.reading.selected_features import LayerFeatures, SelectedFeature
from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.reading.selected_reading import (
    BatchReading,
    HaltedBatch,
    LayerMaxima,
    Places,
    SelectedReading,
)
from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.scope import Scope

Encoder = Callable[[SparseAutoencoder, LayerTokens, LayerFeatures], SelectedMaxima]
"""(SAE, tokens, features) of one layer -> maxima over each window; see `SparseAutoencoder.encode_selected`."""


def with_kernels(sae: SparseAutoencoder, tokens: LayerTokens, features: LayerFeatures) -> SelectedMaxima:
    """The default encoder: scopesift_kernels."""
    indices_S, floors_S = kernel_arguments(features)
    return sae.encode_selected(tokens.x_TD, indices_S, floors_S, tokens.window_T, len(tokens.windows))


# the kernels check indices and floors once per tensor, so the same features must give the same tensors
@lru_cache(maxsize=64)
def kernel_arguments(features: LayerFeatures) -> tuple[Tensor, Tensor]:
    """Indices `[S]` int64 and floors `[S]` float32 of a layer's features, on the CPU."""
    # the kernels cache ordinary tensors only, no inference tensors
    with torch.inference_mode(False):
        return torch.tensor(features.indices_S), torch.tensor(features.floors_S)


class TorchReader(SelectedReader):
    """Runs the backbone in torch, on any device, and encodes with the kernels or another encoder."""

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
        super().__init__(scope, features)
        self._encoder = encoder
        self._own_backbone: Backbone | None = None

    @property
    def backbone(self) -> Backbone:
        """The backbone, loaded if needed."""
        return self._own_backbone or self.scope.backbone(max(self.layers))

    def load(self) -> None:
        """See `SelectedReader.load`."""
        self.scope.tokenizer.load()
        if self.layers:
            self.scope.residual_source(max(self.layers))
        for layer in self.layers:
            self.scope.sae(layer)

    @property
    def threads(self) -> int:
        """Threads per matrix product: torch's, whose number affects the order of sums and so the last bits."""
        return torch.get_num_threads()

    @threads.setter
    def threads(self, count: int) -> None:
        if count != torch.get_num_threads():
            torch.set_num_threads(count)

    def replica(self) -> Self:
        """The same reader for another thread: its own hooks, shared weights."""
        twin = copy.copy(self)
        model = self.backbone.model
        shared = {id(weight): weight for weight in (*model.parameters(), *model.buffers())}
        twin._own_backbone = Backbone(copy.deepcopy(model, shared))
        return twin

    @torch.inference_mode()
    def residuals(self, batch: Batch) -> ResidualBatch:
        """Run the backbone alone over one batch: the residuals of the tokens that count."""
        backbone = self._own_backbone or self.scope.residual_source(max(self.layers))
        return read_batch(backbone, batch, self.layers, self.scope.sae_device)

    @torch.inference_mode()
    def read_batch(self, batch: Batch) -> BatchReading:
        """Run one batch."""
        with self.clock("backbone"):
            residuals = self.residuals(batch)
        return self._encoded(batch, residuals)

    @torch.inference_mode()
    def read_shallow(self, batch: Batch, layer: int) -> HaltedBatch:
        """See `SelectedReader.read_shallow`."""
        layers = [own for own in self.layers if own <= layer]
        with self.clock("backbone"):
            ids_BT, mask_BT = map(torch.from_numpy, (batch.ids_BT, batch.mask_BT))
            resid_BTD = self.backbone.residuals(ids_BT, mask_BT, layers)
            residuals = keep_tokens(resid_BTD, batch, self.scope.sae_device)
        held = resid_BTD[layer] if self.backbone.resumable else None
        return HaltedBatch(batch, layer, self._encoded(batch, residuals), held)

    @torch.inference_mode()
    def read_deeper(self, halted: HaltedBatch, rows_W: NDArray[np.int64]) -> BatchReading:
        """See `SelectedReader.read_deeper`; runs all blocks again where they take more than the residual."""
        batch = halted.batch.select(rows_W)
        if halted.residual is None:
            return self.read_batch(batch)
        layers = [own for own in self.layers if own > halted.layer]
        with self.clock("backbone"):
            x_BTD, mask_BT = halted.residual[torch.from_numpy(rows_W)], torch.from_numpy(batch.mask_BT)
            resid_BTD = self.backbone.residuals_behind(halted.layer, x_BTD, mask_BT, layers)
            residuals = keep_tokens(resid_BTD, batch, self.scope.sae_device)
        return self._encoded(batch, residuals)

    def _encoded(self, batch: Batch, residuals: ResidualBatch) -> BatchReading:
        document_W = np.array([window.document for window in batch.windows], dtype=np.int64)
        with self.clock("encode"):
            maxima = [
                self._maxima(residuals, features)
                for features in self.features
                if features.layer in residuals.resid_TD
            ]
        return BatchReading(document_W, maxima)

    @torch.inference_mode()
    def token_acts(self, batch: Batch) -> NDArray[np.float32]:
        """See `SelectedReader.token_acts`."""
        residuals = self.residuals(batch)
        acts_TS = np.zeros((len(residuals.window_T), self.n_features), dtype=np.float32)
        for own in self.features:
            tokens = residuals.at(own.layer, own.norm_bound)
            n_tokens = len(tokens.x_TD)
            each_T = torch.arange(n_tokens, device=tokens.x_TD.device)  # every token is its own document
            sae = self.scope.sae(own.layer)
            found = sae.encode_selected(tokens.x_TD, *kernel_arguments(own), each_T, n_tokens)
            acts_TS[np.ix_(tokens.index_T.numpy(), own.columns_S)] = found.maxima_NS.cpu().numpy()
        return acts_TS

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
    return TorchReader(scope, scope.selected(features)).read(texts)
