"""The backbone in int8 for what works with tensors: fitting, baselines, feature cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from scopesift_files.errors import ScopeError
from torch import Tensor

from scopesift_features.reading.onnx.blocks import OnnxBlocks

if TYPE_CHECKING:
    from scopesift_features.scope import Scope


class Int8Residuals:
    """Residuals of `OnnxBlocks` as tensors; a `ResidualSource`."""

    def __init__(self, scope: Scope, deepest: int) -> None:
        """Choose the graph; weights are loaded on first use.

        Raises:
            ScopeError: no SAE at this depth or below, so no graph.
        """
        deeper = [layer for layer in scope.layers if layer >= deepest]
        if not deeper:
            raise ScopeError(f"{scope.id} has no graph of {deepest + 1} blocks in int8; use it in float32")
        self._blocks = OnnxBlocks(scope, [layer for layer in scope.layers if layer <= deeper[0]])

    @property
    def deepest(self) -> int:
        """The deepest layer that can be read."""
        return max(self._blocks.layers)

    def residuals(self, ids_BT: Tensor, mask_BT: Tensor, layers: Sequence[int]) -> dict[int, Tensor]:
        """As `Backbone.residuals`, in float32, of layers for which the scope has SAEs."""
        found = self._blocks.residuals(ids_BT.numpy(), mask_BT.numpy())
        return {layer: torch.from_numpy(found[layer]) for layer in layers}
