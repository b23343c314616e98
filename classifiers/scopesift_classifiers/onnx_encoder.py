"""e5's encoder as ONNX nodes; its word table stays in 4 bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scopesift_features.scope import Scope

from scopesift_classifiers.onnx_encode import stored
from scopesift_classifiers.onnx_graph import OnnxGraph

_MASKED = -3.0e38  # finite: a row of padding only must not become NaN


def add_encoder(
    graph: OnnxGraph, scope: Scope, layers: Sequence[int], how: str, ids_BT: str, is_token_BT: str
) -> dict[int, str]:
    """Add embeddings and the blocks up to the deepest layer.

    Args:
        graph: Where the nodes go.
        scope: One whose backbone is e5's.
        layers: Layers whose residual is wanted.
        how: How the blocks' weights are stored, "fp32" or "fp16"; arithmetic is float32.
        ids_BT: Token ids, int64.
        is_token_BT: Bool; False on padding.

    Returns:
        The residual `[batch, tokens, d_model]` of each layer.
    """
    model: Any = scope.backbone(max(layers)).model
    encoder = _Encoder(graph, model, how, is_token_BT)
    x_BTD = encoder.embedded(ids_BT)
    residuals = {}
    for layer in range(max(layers) + 1):
        x_BTD = encoder.block(x_BTD, layer)
        if layer in layers:
            residuals[layer] = x_BTD
    return residuals


class _Encoder:
    """The parts of the encoder; the attention mask is computed once."""

    def __init__(self, graph: OnnxGraph, model: Any, how: str, is_token_BT: str) -> None:
        self.graph, self.model, self.how = graph, model, how
        self.weights = {name: value.float().cpu().numpy() for name, value in model.state_dict().items()}
        self.is_token_BT = is_token_BT
        seen_B11T = graph.add("Unsqueeze", is_token_BT, graph.ints(1, 2))
        self.bias_B11T = graph.add("Where", seen_B11T, graph.number(0.0), graph.number(_MASKED))

    def embedded(self, ids_BT: str) -> str:
        """Words, the one token type, positions counted from the first token, and their norm."""
        graph = self.graph
        words = self._words(ids_BT)
        words = graph.add("Add", words, self._weight("types.weight", self.weights["types.weight"][0]))
        place = graph.add("CumSum", graph.cast(self.is_token_BT, np.int64), graph.number(1, np.int64))
        place = graph.add(
            "Max", graph.add("Sub", place, graph.number(1, np.int64)), graph.number(0, np.int64)
        )
        positions = graph.add("Gather", self._weight("positions.weight"), place, axis=0)
        return self._norm(graph.add("Add", words, positions), "norm")

    def _words(self, ids_BT: str) -> str:
        """Rows of the word table, dequantised as `PackedEmbedding` does."""
        graph, table = self.graph, self.model.words
        nibbles = graph.constant(table.nibbles_VBH.cpu().numpy(), "words.nibbles")
        packed = graph.add("Gather", nibbles, ids_BT, axis=0)
        low = graph.add("BitwiseAnd", packed, graph.number(15, np.uint8))
        high = graph.add("BitShift", packed, graph.number(4, np.uint8), direction="RIGHT")
        values = graph.cast(graph.add("Concat", low, high, axis=-1), np.float32)
        values = graph.add("Sub", values, graph.number(8.0))
        scales = graph.constant(table.scales_VB.cpu().numpy(), "words.scales")
        scale = graph.cast(graph.add("Gather", scales, ids_BT, axis=0), np.float32)
        values = graph.add("Mul", values, graph.add("Unsqueeze", scale, graph.ints(-1)))
        return graph.add("Reshape", values, graph.ints(0, 0, -1))

    def block(self, x_BTD: str, layer: int) -> str:
        """Append block `layer`; returns its output."""
        graph, name = self.graph, f"blocks.{layer}"
        attended = graph.add("Add", self._attention(x_BTD, name), x_BTD)
        x_BTD = self._norm(attended, f"{name}.attention_norm")
        inner = self._gelu(self._linear(x_BTD, f"{name}.inner"))
        outer = graph.add("Add", self._linear(inner, f"{name}.outer"), x_BTD)
        return self._norm(outer, f"{name}.output_norm")

    def _attention(self, x_BTD: str, name: str) -> str:
        graph = self.graph
        heads = self.model.blocks[0].heads
        size = self.weights[f"{name}.query.weight"].shape[0] // heads
        query, key, value = (
            graph.add("Reshape", self._linear(x_BTD, f"{name}.{part}"), graph.ints(0, 0, heads, size))
            for part in ("query", "key", "value")
        )
        query = graph.add("Transpose", query, perm=[0, 2, 1, 3])
        key = graph.add("Transpose", key, perm=[0, 2, 3, 1])
        scores = graph.add("Mul", graph.add("MatMul", query, key), graph.number(size**-0.5))
        shares = graph.add("Softmax", graph.add("Add", scores, self.bias_B11T), axis=-1)
        mixed = graph.add("MatMul", shares, graph.add("Transpose", value, perm=[0, 2, 1, 3]))
        mixed = graph.add("Transpose", mixed, perm=[0, 2, 1, 3])
        return self._linear(graph.add("Reshape", mixed, graph.ints(0, 0, heads * size)), f"{name}.attended")

    def _gelu(self, x: str) -> str:
        """The exact one; an operator of its own only from opset 20 on."""
        graph = self.graph
        bent = graph.add("Erf", graph.add("Mul", x, graph.number(0.5**0.5)))
        half = graph.add("Mul", x, graph.number(0.5))
        return graph.add("Mul", half, graph.add("Add", bent, graph.number(1.0)))

    def _norm(self, x: str, name: str) -> str:
        weight, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        epsilon = self.model.norm.eps
        return self.graph.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon)

    def _linear(self, x: str, name: str) -> str:
        weight = self._weight(f"{name}.weight", self.weights[f"{name}.weight"].T)
        return self.graph.add("Add", self.graph.add("MatMul", x, weight), self._weight(f"{name}.bias"))

    def _weight(self, name: str, value: np.ndarray | None = None) -> str:
        return stored(self.graph, self.weights[name] if value is None else value, self.how, name)
