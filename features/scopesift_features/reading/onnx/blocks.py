"""e5's cut backbone by ONNX Runtime, in float32 or in int8."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scopesift_features.backbone.e5.arrays import block_arrays, embedding_arrays
from scopesift_features.backbone.e5.int8_arrays import int8_block_arrays
from scopesift_features.backbone.e5.int8_scales import read_scales
from scopesift_features.backbone.e5.q4_file import Q4File
from scopesift_features.backbone.e5.source import PackagedE5
from scopesift_features.catalogue.settings import INT8
from scopesift_features.reading.onnx.forks import tell_of_forks
from scopesift_features.reading.onnx.sessions import (
    FOLDER,
    SCALES,
    blocks_name,
    byte_kind,
    deeper_blocks_name,
    open_graph,
    thread_count,
)

if TYPE_CHECKING:
    from scopesift_features.scope import Scope

Residuals = dict[int, NDArray[np.float32]]
"""Layer -> `[B, T, D]`."""


class OnnxBlocks:
    """The blocks up to the deepest of some layers, in the precision of the scope's settings; safe in several threads.

    Attributes:
        layers: layers to read, ascending; the scope has SAEs for them.
        threads: per product of the sessions that are opened later; their number doesn't affect the residuals.
    """

    def __init__(self, scope: Scope, layers: Sequence[int]) -> None:
        """Set up; weights are loaded on first use."""
        self._scope, self.layers = scope, layers
        self.threads = thread_count()
        self._sessions: dict[tuple[int, int], Any] = {}
        self._opening = threading.Lock()
        tell_of_forks(self)

    def forked(self) -> None:
        """Open other sessions from now on: the threads of these exist in the parent process only."""
        # kept alive for ever: freeing a session waits for its threads, which this process doesn't have
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._sessions))
        self._sessions, self._opening = {}, threading.Lock()

    def load(self) -> None:
        """Load the weights of all blocks now.

        Raises:
            UsageError: ONNX Runtime is not installed.
            ScopeError: files that are missing or damaged.
        """
        _ = self._session(-1, max(self.layers)), self._words

    def residuals(self, ids_BT: NDArray[np.int64], mask_BT: NDArray[np.int64]) -> Residuals:
        """The residual after each of the layers.

        Args:
            ids_BT: token ids, right-padded.
            mask_BT: 1 on tokens, 0 on padding.

        Raises:
            UsageError, ScopeError: as `load`.
        """
        return self.shallow_residuals(ids_BT, mask_BT, max(self.layers))

    def shallow_residuals(
        self, ids_BT: NDArray[np.int64], mask_BT: NDArray[np.int64], deepest: int
    ) -> Residuals:
        """The residual after each of the layers up to one of them."""
        rows_BT = self._words[ids_BT]
        feeds = {"scales": rows_BT["scale"].astype(np.float32), "nibbles": rows_BT["nibbles"]}
        return self._run(feeds, mask_BT, -1, deepest)

    def deeper_residuals(
        self, mask_BT: NDArray[np.int64], after: int, residual_BTD: NDArray[np.float32]
    ) -> Residuals:
        """The residual after each of the layers that are deeper than one of them, from the residual after that one."""
        return self._run({"residual": residual_BTD}, mask_BT, after, max(self.layers))

    def _run(
        self, feeds: dict[str, NDArray[Any]], mask_BT: NDArray[np.int64], after: int, deepest: int
    ) -> Residuals:
        layers = [layer for layer in self.layers if after < layer <= deepest]
        lengths = {"lengths": mask_BT.sum(axis=1).astype(np.int32)}
        names = [f"residual_{layer}" for layer in layers]
        found = self._session(after, deepest).run(names, {**feeds, **lengths})
        return dict(zip(layers, found, strict=True))

    def _session(self, after: int, deepest: int) -> Any:
        """The session of the blocks `after` + 1 … `deepest`; -1: from the tokens on."""
        with self._opening:
            if (after, deepest) not in self._sessions:
                self._sessions[after, deepest] = self._opened(after, deepest)
            return self._sessions[after, deepest]

    def _opened(self, after: int, deepest: int) -> Any:
        file, kind = self._file, self._scope.settings.dtype
        self._scope.check_backbone()
        self._scope.check_positions(file.header.positions)
        weights: dict[str, NDArray[Any]] = dict(embedding_arrays(file)) if after < 0 else {}
        folder, blocks = self._scope.folder / FOLDER, range(after + 1, deepest + 1)
        if kind == INT8:
            kind = byte_kind(folder)
            scales = read_scales(folder / SCALES, file.header, deepest)
            for layer in blocks:
                weights |= int8_block_arrays(file, layer, scales, signed=kind == INT8)
        else:
            for layer in blocks:
                weights |= block_arrays(file, layer)
        name = blocks_name(deepest, kind) if after < 0 else deeper_blocks_name(after, deepest, kind)
        return open_graph(folder / name, weights, self.threads)

    @cached_property
    def _words(self) -> Any:
        """The word table `[V, D / 32]` of 4-bit blocks, memory-mapped."""
        header = self._file.header
        return self._file.blocks("emb.word", (header.vocabulary, header.hidden))

    @property
    def _file(self) -> Q4File:
        source = self._scope.source
        if not isinstance(source, PackagedE5):
            raise TypeError(f"expected a scope with e5's backbone, got {self._scope.id}")
        return source.file
