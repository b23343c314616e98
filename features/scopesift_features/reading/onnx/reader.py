"""Selected features read by ONNX Runtime: e5's cut backbone and the encode, without torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from scopesift_features.backbone.e5.arrays import block_arrays, embedding_arrays
from scopesift_features.backbone.e5.source import PackagedE5
from scopesift_features.reading.batches import Batch
from scopesift_features.reading.onnx.encoder import OnnxEncoder, find_extreme
from scopesift_features.reading.onnx.sessions import (
    ENCODE,
    FOLDER,
    blocks_name,
    deeper_blocks_name,
    open_graph,
    thread_count,
)
from scopesift_features.reading.selected_features import SelectedFeature
from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.reading.selected_reading import BatchReading, HaltedBatch, LayerMaxima, Places
from scopesift_features.scope import Scope


def is_readable(scope: Scope, layers: Sequence[int]) -> bool:
    """Whether ONNX Runtime is installed and reads these layers of a scope as torch does, but for rounding.

    It does where the scope has graphs for them (made by `recipes.e5.graphs`), on the CPU in float32.
    """
    return (
        bool(layers)
        and isinstance(scope.source, PackagedE5)
        and (scope.device, scope.settings.dtype) == ("cpu", "float32")
        and all((scope.folder / FOLDER / name).is_file() for name in (ENCODE, blocks_name(max(layers))))
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
        """Threads per product of the sessions that are opened later; their number doesn't affect the activations."""
        return self._model.threads

    @threads.setter
    def threads(self, count: int) -> None:
        self._model.threads = count

    def replica(self) -> Self:
        """The same reader: it may be used from several threads."""
        return self

    def residuals(self, batch: Batch) -> dict[int, NDArray[np.float32]]:
        """Run the backbone alone over one batch: the residual `[B, T, D]` after each of the layers."""
        return self._model.residuals(batch)

    def read_batch(self, batch: Batch) -> BatchReading:
        """Run one batch."""
        with self.clock("backbone"):
            residuals = self.residuals(batch)
        return self._encoded(batch, residuals)

    def read_shallow(self, batch: Batch, layer: int) -> HaltedBatch:
        """See `SelectedReader.read_shallow`."""
        with self.clock("backbone"):
            residuals = self._model.shallow_residuals(batch, layer)
        return HaltedBatch(batch, layer, self._encoded(batch, residuals), residuals[layer])

    def read_deeper(self, halted: HaltedBatch, rows_W: NDArray[np.int64]) -> BatchReading:
        """See `SelectedReader.read_deeper`; runs the blocks behind the halted layer alone."""
        batch = halted.batch.select(rows_W)
        with self.clock("backbone"):
            residuals = self._model.deeper_residuals(batch, halted.layer, halted.residual[rows_W])
        return self._encoded(batch, residuals)

    def _encoded(self, batch: Batch, residuals: dict[int, NDArray[np.float32]]) -> BatchReading:
        with self.clock("encode"):
            return self._maxima(batch, residuals)

    def _maxima(self, batch: Batch, residuals: dict[int, NDArray[np.float32]]) -> BatchReading:
        document_W = np.array([window.document for window in batch.windows], dtype=np.int64)
        window_T, position_T = batch.keep_BT.nonzero()
        maxima: list[LayerMaxima] = []
        for layer in sorted(residuals):
            x_TD = residuals[layer][window_T, position_T]
            active = self._model.encoder(layer).active(x_TD)
            for features in self.features:
                if features.layer != layer:
                    continue
                extreme_T = find_extreme(x_TD, window_T, len(batch.windows), features.norm_bound)
                found = active.maxima(features, window_T, len(batch.windows), extreme_T)
                places = _places(batch, found.tokens_WS) if self.places else None
                maxima.append(LayerMaxima(features.columns_S, found.acts_WS, places))
        return BatchReading(document_W, maxima)

    def token_acts(self, batch: Batch) -> NDArray[np.float32]:
        """Activations of the features on each token that counts, `[T, S]`, in the order of `batch.keep_BT`."""
        residuals = self.residuals(batch)
        window_T, position_T = batch.keep_BT.nonzero()
        each_T = np.arange(len(window_T))  # every token is a window of its own
        acts_TS = np.zeros((len(window_T), self.n_features), np.float32)
        for own in self.features:
            x_TD = residuals[own.layer][window_T, position_T]
            extreme_T = find_extreme(x_TD, window_T, len(batch.windows), own.norm_bound)
            found = self._model.encoder(own.layer).active(x_TD).maxima(own, each_T, len(each_T), extreme_T)
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
    """The sessions of a scope's graphs: one for a run of blocks, one per layer for the encode."""

    def __init__(self, scope: Scope, layers: Sequence[int]) -> None:
        self._scope, self._layers = scope, layers
        self.threads = thread_count()
        self._encoders: dict[int, OnnxEncoder] = {}
        self._sessions: dict[tuple[int, int], Any] = {}
        self._opening = threading.Lock()

    def load(self) -> None:
        """Open all sessions."""
        _ = self._blocks(-1, max(self._layers)), self._words
        for layer in self._layers:
            self.encoder(layer)

    def residuals(self, batch: Batch) -> dict[int, NDArray[np.float32]]:
        """The residual `[B, T, D]` after each of the layers."""
        return self.shallow_residuals(batch, max(self._layers))

    def shallow_residuals(self, batch: Batch, deepest: int) -> dict[int, NDArray[np.float32]]:
        """The residual after each of the layers up to one of them."""
        rows_BT = self._words[batch.ids_BT]
        feeds = {"scales": rows_BT["scale"].astype(np.float32), "nibbles": rows_BT["nibbles"]}
        return self._run(self._blocks(-1, deepest), batch, feeds, -1, deepest)

    def deeper_residuals(
        self, batch: Batch, after: int, residual_BTD: NDArray[np.float32]
    ) -> dict[int, NDArray[np.float32]]:
        """The residual after each of the layers that are deeper than one of them, from the residual after that one."""
        deepest = max(self._layers)
        return self._run(self._blocks(after, deepest), batch, {"residual": residual_BTD}, after, deepest)

    def _run(
        self, session: Any, batch: Batch, feeds: dict[str, NDArray[Any]], after: int, deepest: int
    ) -> dict[int, NDArray[np.float32]]:
        layers = [layer for layer in self._layers if after < layer <= deepest]
        lengths = {"lengths": batch.mask_BT.sum(axis=1).astype(np.int32)}
        found = session.run([f"residual_{layer}" for layer in layers], {**feeds, **lengths})
        return dict(zip(layers, found, strict=True))

    def encoder(self, layer: int) -> OnnxEncoder:
        """The encoder of a layer."""
        if layer not in self._encoders:
            self._encoders[layer] = OnnxEncoder(self._scope, layer, self.threads)
        return self._encoders[layer]

    def _blocks(self, after: int, deepest: int) -> Any:
        """The session of the blocks `after` + 1 … `deepest`; -1: from the tokens on."""
        with self._opening:
            if (after, deepest) not in self._sessions:
                self._sessions[after, deepest] = self._opened(after, deepest)
            return self._sessions[after, deepest]

    def _opened(self, after: int, deepest: int) -> Any:
        file = self._file
        self._scope.check_backbone()
        self._scope.check_positions(file.header.positions)
        name = blocks_name(deepest) if after < 0 else deeper_blocks_name(after, deepest)
        weights = embedding_arrays(file) if after < 0 else {}
        for layer in range(after + 1, deepest + 1):
            weights |= block_arrays(file, layer)
        return open_graph(self._scope.folder / FOLDER / name, weights, self.threads)

    @cached_property
    def _words(self) -> Any:
        """The word table `[V, D / 32]` of 4-bit blocks, memory-mapped."""
        header = self._file.header
        return self._file.blocks("emb.word", (header.vocabulary, header.hidden))

    @property
    def _file(self) -> Any:
        source = self._scope.source
        if not isinstance(source, PackagedE5):
            raise TypeError(f"expected a scope with e5's backbone, got {self._scope.id}")
        return source.file
