"""Selected features read by ONNX Runtime: e5's cut backbone and the encode, without torch."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scopesift_features.backbone.e5.source import PackagedE5
from scopesift_features.catalogue.settings import FLOAT32, INT8
from scopesift_features.reading.batching.batches import Batch
from scopesift_features.reading.onnx.active_pairs import ActivePairs, find_extreme
from scopesift_features.reading.onnx.blocks import OnnxBlocks
from scopesift_features.reading.onnx.encoder import OnnxEncoder, encode
from scopesift_features.reading.onnx.forks import tell_of_forks
from scopesift_features.reading.onnx.sessions import FOLDER, blocks_name, encode_name
from scopesift_features.reading.selected_features import SelectedFeature
from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.reading.selected_reading import BatchReading, HaltedBatch, LayerMaxima, Places
from scopesift_features.scope import Scope


def is_readable(scope: Scope, layers: Sequence[int]) -> bool:
    """Whether ONNX Runtime is installed and reads these layers of a scope.

    It does where the scope has TopK SAEs and graphs for them (made by `recipes.e5.graphs`), on the CPU: in float32 as
    torch does but for rounding, or in int8.
    """
    dtype = scope.settings.dtype
    return (
        bool(layers)
        and isinstance(scope.source, PackagedE5)
        and scope.device == "cpu"
        and scope.k is not None
        and dtype in (FLOAT32, INT8)
        and all(
            (scope.folder / FOLDER / name).is_file()
            for name in (encode_name(dtype), blocks_name(max(layers), dtype))
        )
        and find_spec("onnxruntime") is not None
    )


class OnnxReader(SelectedReader):
    """Reads on the CPU, with the scope's weights as the package and the SAE files hold them.

    Sessions may be run from several threads, so replicas share them, and all readers of a scope's same layers.
    """

    def __init__(self, scope: Scope, features: Sequence[SelectedFeature]) -> None:
        """Choose the features; weights are loaded on first use."""
        super().__init__(scope, features)
        self._model: _Model = scope.held.setdefault(("onnx", *self.layers), _Model(scope, self.layers))

    def load(self) -> None:
        """See `SelectedReader.load`."""
        self.scope.tokenizer.load()
        if self.layers:
            self._model.load()

    @property
    def threads(self) -> int:
        """Threads of the encode, and of the backbone's products in sessions that are opened later.

        Their number doesn't affect the activations.
        """
        return self._model.blocks.threads

    @threads.setter
    def threads(self, count: int) -> None:
        self._model.blocks.threads = count

    def replica(self) -> Self:
        """The same reader: it may be used from several threads."""
        return self

    def residuals(self, batch: Batch) -> dict[int, NDArray[np.float32]]:
        """Run the backbone alone over one batch: the residual `[B, T, D]` after each of the layers."""
        return self._model.blocks.residuals(batch.ids_BT, batch.mask_BT)

    def read_batch(self, batch: Batch) -> BatchReading:
        """Run one batch."""
        with self.clock("backbone"):
            residuals = self.residuals(batch)
        return self._encoded(batch, residuals)

    def read_shallow(self, batch: Batch, layer: int) -> HaltedBatch:
        """See `SelectedReader.read_shallow`."""
        with self.clock("backbone"):
            residuals = self._model.blocks.shallow_residuals(batch.ids_BT, batch.mask_BT, layer)
        return HaltedBatch(batch, layer, self._encoded(batch, residuals), residuals[layer])

    def read_deeper(self, halted: HaltedBatch, rows_W: NDArray[np.int64]) -> BatchReading:
        """See `SelectedReader.read_deeper`; runs the blocks behind the halted layer alone."""
        batch = halted.batch.select(rows_W)
        with self.clock("backbone"):
            residuals = self._model.blocks.deeper_residuals(
                batch.mask_BT, halted.layer, halted.residual[rows_W]
            )
        return self._encoded(batch, residuals)

    def _encoded(self, batch: Batch, residuals: dict[int, NDArray[np.float32]]) -> BatchReading:
        with self.clock("encode"):
            return self._maxima(batch, residuals)

    def _maxima(self, batch: Batch, residuals: dict[int, NDArray[np.float32]]) -> BatchReading:
        document_W = np.array([window.document for window in batch.windows], dtype=np.int64)
        window_T = batch.keep_BT.nonzero()[0]
        kept = {layer: residual_BTD[batch.keep_BT] for layer, residual_BTD in residuals.items()}
        active = self._model.encode(kept)
        maxima: list[LayerMaxima] = []
        for features in self.features:
            if features.layer not in kept:
                continue
            extreme_T = find_extreme(kept[features.layer], window_T, len(batch.windows), features.norm_bound)
            found = active[features.layer].maxima(features, window_T, len(batch.windows), extreme_T)
            places = _places(batch, found.tokens_WS) if self.places else None
            maxima.append(LayerMaxima(features.columns_S, found.acts_WS, places))
        return BatchReading(document_W, maxima)

    def token_acts(self, batch: Batch) -> NDArray[np.float32]:
        """Activations of the features on each token that counts, `[T, S]`, in the order of `batch.keep_BT`."""
        kept = {layer: residual_BTD[batch.keep_BT] for layer, residual_BTD in self.residuals(batch).items()}
        active = self._model.encode(kept)
        window_T = batch.keep_BT.nonzero()[0]
        each_T = np.arange(len(window_T))  # every token is a window of its own
        acts_TS = np.zeros((len(each_T), self.n_features), np.float32)
        for own in self.features:
            extreme_T = find_extreme(kept[own.layer], window_T, len(batch.windows), own.norm_bound)
            found = active[own.layer].maxima(own, each_T, len(each_T), extreme_T)
            acts_TS[:, own.columns_S] = found.acts_WS
        return acts_TS


def _places(batch: Batch, tokens_WS: NDArray[np.int64]) -> Places:
    """Positions in their texts of tokens, numbered as in `batch.keep_BT`."""
    # token -1 indexes the appended last value
    starts_WS, ends_WS = (
        np.concatenate([*(getattr(window, name)[window.keep] for window in batch.windows), [-1]])[tokens_WS]
        for name in ("starts", "ends")
    )
    return Places(starts_WS, ends_WS)


class _Model:
    """The sessions of a scope's graphs: those of the blocks, and one per layer for the encode."""

    def __init__(self, scope: Scope, layers: Sequence[int]) -> None:
        self._scope, self.blocks = scope, OnnxBlocks(scope, layers)
        self._encoders: dict[int, OnnxEncoder] = {}
        self._without_threads()
        tell_of_forks(self)

    def forked(self) -> None:
        """Use other threads from now on: these exist in the parent process only."""
        self._without_threads()

    def _without_threads(self) -> None:
        self._pools: dict[int, ThreadPoolExecutor] = {}
        self._opening = threading.Lock()

    def load(self) -> None:
        """Open the sessions of whole batches."""
        self.blocks.load()
        for layer in self.blocks.layers:
            self._encoder(layer)

    def encode(self, residuals: Mapping[int, NDArray[np.float32]]) -> dict[int, ActivePairs]:
        """See `encoder.encode`."""
        encoders = {layer: self._encoder(layer) for layer in residuals}
        threads = self.blocks.threads
        return encode(encoders, residuals, self._pool(threads) if threads > 1 else None, threads)

    def _encoder(self, layer: int) -> OnnxEncoder:
        with self._opening:
            if layer not in self._encoders:
                self._encoders[layer] = OnnxEncoder(self._scope, layer)
            return self._encoders[layer]

    def _pool(self, threads: int) -> ThreadPoolExecutor:
        with self._opening:
            if threads not in self._pools:
                self._pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix="encode")
            return self._pools[threads]
