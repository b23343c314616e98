"""A backbone as ONNX nodes: from token ids to residuals and the tokens that count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scopesift_features.backbone.source import FolderBackbone, GgufBackbone
from scopesift_features.reading.batching.windows import prefix_ids, suffix_ids
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError

from scopesift_classifiers.onnx.nodes.bert import BertNodes, E5Nodes, is_plain_bert
from scopesift_classifiers.onnx.nodes.graph import OnnxGraph
from scopesift_classifiers.onnx.nodes.layers import BackboneNodes
from scopesift_classifiers.onnx.nodes.qwen3 import Qwen3Nodes, is_plain_qwen3


def add_backbone(
    graph: OnnxGraph, scope: Scope, layers: Sequence[int], how: str
) -> tuple[dict[int, str], str]:
    """Add the blocks up to the deepest layer; declares the inputs `ids` and `mask` `[batch, tokens]`.

    Args:
        graph: The graph.
        scope: Has the backbone and reading settings.
        layers: Layers to read.
        how: Precision of stored weights, "fp32" or "fp16"; arithmetic is float32.

    Returns:
        The residual `[batch, tokens, d_model]` of each layer, and the tokens that count, bool `[batch, tokens]`.

    Raises:
        ScopeError: See `choose_nodes`.
    """
    nodes = choose_nodes(scope)
    ids_BT = graph.input("ids", np.int64, ["batch", "tokens"])
    mask_BT = graph.input("mask", np.int64, ["batch", "tokens"])
    is_token_BT = graph.add("Greater", mask_BT, graph.number(0, np.int64))
    backbone = nodes(graph, scope.backbone(max(layers)).model, how, ids_BT, is_token_BT)
    x_BTD = backbone.embedded()
    residuals = {}
    for layer in range(max(layers) + 1):
        x_BTD = backbone.block(x_BTD, layer)
        if layer in layers:
            residuals[layer] = x_BTD
    return residuals, _kept(graph, is_token_BT, scope)


def choose_nodes(scope: Scope) -> type[BackboneNodes]:
    """The node builder for the scope's backbone.

    Raises:
        ScopeError: an architecture that cannot be exported.
    """
    if not isinstance(scope.source, FolderBackbone | GgufBackbone):
        return E5Nodes
    config: Any = scope.source.config
    if is_plain_qwen3(config):
        return Qwen3Nodes
    if is_plain_bert(config):
        return BertNodes
    raise ScopeError(
        f"the backbone of {scope.id} ({config.model_type}) cannot be exported: only e5, BERT, RoBERTa and XLM-R with "
        "exact GELU, and dense Qwen3 with full attention and plain rotary positions can; export the head alone, "
        "without --with-backbone"
    )


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
