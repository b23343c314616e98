"""Common ONNX nodes of backbones: weights as constants, products, attention masks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.onnx.nodes.encode import add_weights
from scopesift_classifiers.onnx.nodes.graph import OnnxGraph

_MASKED = -3.0e38  # finite: a row of padding only must not become NaN


class BackboneNodes(ABC):
    """A backbone as nodes of a graph: an embedding, and blocks one after the other.

    Attributes:
        graph: The graph.
        model: The cut model.
        weights: Its weights by name, float32.
        how: Precision of stored weights, "fp32" or "fp16"; arithmetic is float32.
        ids_BT: Token ids, int64.
        is_token_BT: Bool; False on padding.
    """

    def __init__(self, graph: OnnxGraph, model: Any, how: str, ids_BT: str, is_token_BT: str) -> None:
        """Set the model and its weights."""
        self.graph, self.model, self.how = graph, model, how
        self.ids_BT, self.is_token_BT = ids_BT, is_token_BT
        self.weights: dict[str, NDArray[np.float32]] = {
            name: value.detach().float().cpu().numpy() for name, value in model.state_dict().items()
        }

    @abstractmethod
    def embedded(self) -> str:
        """Add the embedding; returns the residual before block 0, `[B, T, D]`."""

    @abstractmethod
    def block(self, x_BTD: str, layer: int) -> str:
        """Add block `layer`; returns its output."""

    def weight(self, name: str) -> str:
        """A weight as a constant."""
        return self.constant(self.weights[name], name)

    def constant(self, value: NDArray[np.float32], name: str) -> str:
        """An array derived from a weight, as a constant with its name."""
        return add_weights(self.graph, value, self.how, name)

    def linear(self, x: str, name: str) -> str:
        """A linear layer, with its bias if it has one."""
        product = self.graph.add(
            "MatMul", x, self.constant(self.weights[f"{name}.weight"].T, f"{name}.weight")
        )
        if f"{name}.bias" not in self.weights:
            return product
        return self.graph.add("Add", product, self.weight(f"{name}.bias"))

    def attention_bias(self, seen: str) -> str:
        """Bias for attention scores: 0 where `seen` is true, elsewhere a large negative number."""
        return self.graph.add("Where", seen, self.graph.number(0.0), self.graph.number(_MASKED))
