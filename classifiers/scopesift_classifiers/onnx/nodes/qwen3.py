"""A dense Qwen3 as ONNX nodes: pre-norm blocks, rotary positions, grouped queries."""

from __future__ import annotations

from typing import Any

import numpy as np

from scopesift_classifiers.onnx.nodes.layers import BackboneNodes


def is_plain_qwen3(config: Any) -> bool:
    """Whether a configuration of transformers describes a model that `Qwen3Nodes` supports."""
    rope = getattr(config, "rope_parameters", None) or {}
    return (
        config.model_type == "qwen3"
        and not config.attention_bias
        and config.hidden_act == "silu"
        and rope.get("rope_type") == "default"
        and set(config.layer_types) == {"full_attention"}
    )


class Qwen3Nodes(BackboneNodes):
    """transformers' `Qwen3Model` without final norm; angles and attention mask are computed once."""

    def embedded(self) -> str:
        """Rows of the word embedding."""
        graph, config = self.graph, self.model.config
        length = graph.add("Squeeze", graph.axis_size(self.ids_BT, 1))
        place_T = graph.add("Range", graph.number(0, np.int64), length, graph.number(1, np.int64))
        half = np.arange(0, config.head_dim, 2, dtype=np.float32) / config.head_dim
        turns = (1.0 / float(config.rope_parameters["rope_theta"]) ** half).astype(np.float32)
        place_T1 = graph.add("Unsqueeze", place_T, graph.ints(1))
        angles = graph.add("Mul", graph.cast(place_T1, np.float32), graph.constant(turns))
        angles = graph.add("Concat", angles, angles, axis=1)
        self.cosine, self.sine = graph.add("Cos", angles), graph.add("Sin", angles)
        earlier_TT = graph.add("LessOrEqual", graph.add("Unsqueeze", place_T, graph.ints(0)), place_T1)
        seen = graph.add("And", graph.add("Unsqueeze", self.is_token_BT, graph.ints(1, 2, 3)), earlier_TT)
        self.bias = self.attention_bias(seen)
        words = self.constant(self.weights["embed_tokens.weight"], "embedding")
        return graph.add("Gather", words, self.ids_BT, axis=0)

    def block(self, x_BTD: str, layer: int) -> str:
        """Pre-norm attention and gated feed-forward, with residual connections."""
        graph, name = self.graph, f"layers.{layer}"
        attended = self._attention(self._norm(x_BTD, f"{name}.input_layernorm"), f"{name}.self_attn")
        x_BTD = graph.add("Add", x_BTD, attended)
        inner = self._norm(x_BTD, f"{name}.post_attention_layernorm")
        gate = self.linear(inner, f"{name}.mlp.gate_proj")
        gate = graph.add("Mul", gate, graph.add("Sigmoid", gate))
        gate = graph.add("Mul", gate, self.linear(inner, f"{name}.mlp.up_proj"))
        return graph.add("Add", x_BTD, self.linear(gate, f"{name}.mlp.down_proj"))

    def _attention(self, x_BTD: str, name: str) -> str:
        graph, config = self.graph, self.model.config
        heads, groups, size = config.num_attention_heads, config.num_key_value_heads, config.head_dim
        query = self._heads(x_BTD, f"{name}.q", heads // groups, f"{name}.q_norm")
        key = self._heads(x_BTD, f"{name}.k", 1, f"{name}.k_norm")
        value = self._heads(x_BTD, f"{name}.v", 1, None)
        # key heads are broadcast over their query heads, without copies
        key = graph.add("Transpose", self._turned(key), perm=[0, 1, 2, 4, 3])
        scores = graph.add("MatMul", self._turned(query), key)
        scores = graph.add("Mul", scores, graph.number(size**-0.5))
        shares = graph.add("Softmax", graph.add("Add", scores, self.bias), axis=-1)
        mixed = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 3, 1, 2, 4])
        mixed = graph.add("Reshape", mixed, graph.ints(0, 0, heads * size))
        return self.linear(mixed, f"{name}.o_proj")

    def _heads(self, x_BTD: str, name: str, each: int, norm: str | None) -> str:
        """A projection split into `[B, key heads, each, T, size]`, normalised per head if there is a norm."""
        config = self.model.config
        shape = self.graph.ints(0, 0, config.num_key_value_heads, each, config.head_dim)
        split = self.graph.add("Reshape", self.linear(x_BTD, f"{name}_proj"), shape)
        if norm is not None:
            split = self._norm(split, norm)
        return self.graph.add("Transpose", split, perm=[0, 2, 3, 1, 4])

    def _turned(self, x: str) -> str:
        """Rotary positions."""
        graph, half = self.graph, self.model.config.head_dim // 2
        low = graph.add("Slice", x, graph.ints(0), graph.ints(half), graph.ints(4))
        high = graph.add("Slice", x, graph.ints(half), graph.ints(2 * half), graph.ints(4))
        rotated = graph.add("Concat", graph.add("Neg", high), low, axis=4)
        return graph.add("Add", graph.add("Mul", x, self.cosine), graph.add("Mul", rotated, self.sine))

    def _norm(self, x: str, name: str) -> str:
        graph = self.graph
        mean = graph.add("ReduceMean", graph.add("Mul", x, x), graph.ints(-1), keepdims=1)
        root = graph.add("Sqrt", graph.add("Add", mean, graph.number(self.model.config.rms_norm_eps)))
        return graph.add("Mul", graph.add("Div", x, root), self.weight(f"{name}.weight"))
