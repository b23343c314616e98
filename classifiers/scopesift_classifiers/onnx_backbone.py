"""A backbone as ONNX nodes, Qwen3 or e5: token ids become residuals, with what the settings skip left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scopesift_features.backbone import read_backbone_config
from scopesift_features.errors import ScopeError
from scopesift_features.scope import Scope
from scopesift_features.windows import prefix_ids, suffix_ids

from scopesift_classifiers.onnx_encode import stored
from scopesift_classifiers.onnx_encoder import add_encoder
from scopesift_classifiers.onnx_graph import OnnxGraph

_MASKED = -3.0e38  # finite: a row of padding only must not become NaN


@dataclass(frozen=True)
class Qwen3Sizes:
    """What the graph needs of a Qwen3 configuration."""

    heads: int
    key_heads: int
    head_size: int
    epsilon: float
    theta: float


def read_sizes(scope: Scope) -> Qwen3Sizes:
    """Sizes of the scope's backbone.

    Raises:
        ScopeError: not a dense Qwen3 with full attention, which beside e5 is what can be exported.
    """
    config: Any = read_backbone_config(scope.folder / "backbone")
    rope = getattr(config, "rope_parameters", None) or {}
    plain = (
        config.model_type == "qwen3"
        and not config.attention_bias
        and config.hidden_act == "silu"
        and rope.get("rope_type") == "default"
        and set(config.layer_types) == {"full_attention"}
    )
    if not plain:
        raise ScopeError(
            f"the backbone of {scope.id} ({config.model_type}) cannot be exported: only e5 and dense Qwen3 with "
            "full attention and plain rotary positions can; export the head alone, without --with-backbone"
        )
    return Qwen3Sizes(
        config.num_attention_heads,
        config.num_key_value_heads,
        config.head_dim,
        config.rms_norm_eps,
        float(rope["rope_theta"]),
    )


def add_backbone(
    graph: OnnxGraph, scope: Scope, layers: Sequence[int], how: str
) -> tuple[dict[int, str], str]:
    """Add the blocks up to the deepest layer; declares the inputs `ids` and `mask` `[batch, tokens]`.

    Args:
        graph: Where the nodes go.
        scope: Its backbone's weights and reading settings.
        layers: Layers whose residual is wanted.
        how: How the weights are stored, "fp32" or "fp16"; arithmetic is float32.

    Returns:
        The residual `[batch, tokens, d_model]` of each layer, and the tokens that count, bool `[batch, tokens]`.

    Raises:
        ScopeError: See `read_sizes`.
    """
    packaged = scope.record.package is not None
    sizes = None if packaged else read_sizes(scope)
    ids_BT = graph.input("ids", np.int64, ["batch", "tokens"])
    mask_BT = graph.input("mask", np.int64, ["batch", "tokens"])
    is_token_BT = graph.add("Greater", mask_BT, graph.number(0, np.int64))
    if sizes is None:
        residuals = add_encoder(graph, scope, layers, how, ids_BT, is_token_BT)
    else:
        residuals = _add_qwen3(graph, scope, sizes, layers, how, ids_BT, is_token_BT)
    return residuals, _kept(graph, is_token_BT, scope)


def _add_qwen3(
    graph: OnnxGraph,
    scope: Scope,
    sizes: Qwen3Sizes,
    layers: Sequence[int],
    how: str,
    ids_BT: str,
    is_token_BT: str,
) -> dict[int, str]:
    model = scope.backbone(max(layers)).model
    weights = {name: value.detach().float().cpu().numpy() for name, value in model.state_dict().items()}
    embedding = stored(graph, weights["embed_tokens.weight"], how, "embedding")
    x_BTD = graph.add("Gather", embedding, ids_BT, axis=0)
    block = _Blocks(graph, sizes, weights, how, ids_BT, is_token_BT)
    residuals = {}
    for layer in range(max(layers) + 1):
        x_BTD = block.add(x_BTD, layer)
        if layer in layers:
            residuals[layer] = x_BTD
    return residuals


def _kept(graph: OnnxGraph, is_token_BT: str, scope: Scope) -> str:
    """Tokens that count: neither padding, prefix, suffix, nor a skipped first token (unless it is the only one)."""
    counts = graph.cast(is_token_BT, np.int64)
    place = graph.add("CumSum", counts, graph.number(1, np.int64))
    skipped = len(prefix_ids(scope))
    kept = graph.add("And", is_token_BT, graph.add("Greater", place, graph.number(skipped, np.int64)))
    total = graph.add("ReduceSum", counts, graph.ints(1), keepdims=1)
    if behind := len(suffix_ids(scope)):
        last = graph.add("Sub", total, graph.number(behind, np.int64))
        kept = graph.add("And", kept, graph.add("LessOrEqual", place, last))
    if scope.settings.skip != "first-token":
        return kept
    only = graph.add("Equal", total, graph.number(1, np.int64))
    later = graph.add("Greater", place, graph.number(1, np.int64))
    return graph.add("And", kept, graph.add("Or", later, only))


class _Blocks:
    """The decoder blocks; angles and attention mask are computed once."""

    def __init__(
        self,
        graph: OnnxGraph,
        sizes: Qwen3Sizes,
        weights: dict[str, np.ndarray],
        how: str,
        ids_BT: str,
        is_token_BT: str,
    ) -> None:
        self.graph, self.sizes, self.weights, self.how = graph, sizes, weights, how
        length = graph.add("Squeeze", graph.axis_size(ids_BT, 1))
        place_T = graph.add("Range", graph.number(0, np.int64), length, graph.number(1, np.int64))
        half = np.arange(0, sizes.head_size, 2, dtype=np.float32) / sizes.head_size
        turns = (1.0 / sizes.theta**half).astype(np.float32)
        place_T1 = graph.add("Unsqueeze", place_T, graph.ints(1))
        angles = graph.add("Mul", graph.cast(place_T1, np.float32), graph.constant(turns))
        angles = graph.add("Concat", angles, angles, axis=1)
        self.cosine, self.sine = graph.add("Cos", angles), graph.add("Sin", angles)
        earlier_TT = graph.add("LessOrEqual", graph.add("Unsqueeze", place_T, graph.ints(0)), place_T1)
        seen = graph.add("And", graph.add("Unsqueeze", is_token_BT, graph.ints(1, 2, 3)), earlier_TT)
        self.bias = graph.add("Where", seen, graph.number(0.0), graph.number(_MASKED))

    def add(self, x_BTD: str, layer: int) -> str:
        """Append block `layer`; returns its output."""
        graph, name = self.graph, f"layers.{layer}"
        attended = self._attention(self._norm(x_BTD, f"{name}.input_layernorm"), f"{name}.self_attn")
        x_BTD = graph.add("Add", x_BTD, attended)
        inner = self._norm(x_BTD, f"{name}.post_attention_layernorm")
        gate = self._linear(inner, f"{name}.mlp.gate_proj")
        gate = graph.add("Mul", gate, graph.add("Sigmoid", gate))
        gate = graph.add("Mul", gate, self._linear(inner, f"{name}.mlp.up_proj"))
        return graph.add("Add", x_BTD, self._linear(gate, f"{name}.mlp.down_proj"))

    def _attention(self, x_BTD: str, name: str) -> str:
        graph, sizes = self.graph, self.sizes
        groups, size = sizes.key_heads, sizes.head_size
        query = self._heads(x_BTD, f"{name}.q", sizes.heads // groups, f"{name}.q_norm")
        key = self._heads(x_BTD, f"{name}.k", 1, f"{name}.k_norm")
        value = self._heads(x_BTD, f"{name}.v", 1, None)
        # one key head serves several queries by broadcasting, so that no key is copied
        key = graph.add("Transpose", self._turned(key), perm=[0, 1, 2, 4, 3])
        scores = graph.add("MatMul", self._turned(query), key)
        scores = graph.add("Mul", scores, graph.number(size**-0.5))
        shares = graph.add("Softmax", graph.add("Add", scores, self.bias), axis=-1)
        mixed = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 3, 1, 2, 4])
        mixed = graph.add("Reshape", mixed, graph.ints(0, 0, sizes.heads * size))
        return self._linear(mixed, f"{name}.o_proj")

    def _heads(self, x_BTD: str, name: str, each: int, norm: str | None) -> str:
        """A projection split into `[B, key heads, each, T, size]`, normalised a head if there is a norm."""
        shape = self.graph.ints(0, 0, self.sizes.key_heads, each, self.sizes.head_size)
        split = self.graph.add("Reshape", self._linear(x_BTD, f"{name}_proj"), shape)
        if norm is not None:
            split = self._norm(split, norm)
        return self.graph.add("Transpose", split, perm=[0, 2, 3, 1, 4])

    def _turned(self, x: str) -> str:
        """Rotary positions."""
        graph, half = self.graph, self.sizes.head_size // 2
        low = graph.add("Slice", x, graph.ints(0), graph.ints(half), graph.ints(4))
        high = graph.add("Slice", x, graph.ints(half), graph.ints(2 * half), graph.ints(4))
        rotated = graph.add("Concat", graph.add("Neg", high), low, axis=4)
        return graph.add("Add", graph.add("Mul", x, self.cosine), graph.add("Mul", rotated, self.sine))

    def _norm(self, x: str, name: str) -> str:
        graph = self.graph
        mean = graph.add("ReduceMean", graph.add("Mul", x, x), graph.ints(-1), keepdims=1)
        root = graph.add("Sqrt", graph.add("Add", mean, graph.number(self.sizes.epsilon)))
        return graph.add("Mul", graph.add("Div", x, root), self._weight(f"{name}.weight"))

    def _linear(self, x: str, name: str) -> str:
        return self.graph.add("MatMul", x, self._weight(f"{name}.weight", transposed=True))

    def _weight(self, name: str, *, transposed: bool = False) -> str:
        value = self.weights[name]
        return stored(self.graph, value.T if transposed else value, self.how, name)
