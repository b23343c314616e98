"""Counting of the tokens that the backbone processes."""

from __future__ import annotations

from typing import Any

from scopesift_features.backbone.cut import Backbone
from torch import nn


class TokenCount:
    """Counts tokens without padding in every forward pass of the backbone that it was last attached to."""

    def __init__(self) -> None:
        self.tokens = 0
        self._model: nn.Module | None = None

    def attach(self, backbone: Backbone) -> None:
        """Count this backbone's tokens from now on; attaching twice has no effect."""
        if self._model is not backbone.model:
            self._model = backbone.model
            backbone.model.register_forward_pre_hook(self._count, with_kwargs=True)

    def take(self) -> int:
        """Tokens since the last call."""
        tokens, self.tokens = self.tokens, 0
        return tokens

    def _count(self, _module: nn.Module, _inputs: Any, named: dict[str, Any]) -> None:
        self.tokens += int(named["attention_mask"].sum())
