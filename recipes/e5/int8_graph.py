"""e5's blocks and encoders in int8 as ONNX nodes, see `int8.linear_layer` and `backbone.e5.int8_arrays`.

Inputs of linear layers arrive divided by their scales, so that quantising rounds to whole numbers.
"""

from __future__ import annotations

from onnx import TensorProto
from scopesift_features.backbone.e5.int8_scales import ZERO_AFTER_GELU
from scopesift_features.backbone.e5.q4_file import Q4Header
from scopesift_features.int8.linear_layer import COPIES, ZERO

from recipes.e5.weightless_graph import CONTRIB, WeightlessGraph


def int8_block(graph: WeightlessGraph, header: Q4Header, x_BTD: str, name: str, kind: int) -> str:
    """Append a block; returns its output.

    Args:
        graph: the graph.
        header: sizes.
        x_BTD: the block's input.
        name: `blocks.<layer>`.
        kind: of the weights, int8 or uint8.
    """
    hidden, inner = header.hidden, header.intermediate + COPIES
    attention = f"{name}.query_key_value"
    mixed_BTD = graph.add(
        "QAttention",
        _quantised(graph, _scaled(graph, x_BTD, attention, hidden), ZERO),
        graph.weight(f"{attention}.weight", hidden, 3 * hidden, kind=kind),
        graph.weight(f"{attention}.bias", 3 * hidden),
        graph.number(1.0),
        graph.weight(f"{attention}.weight_scale", 3 * hidden),
        "lengths",
        graph.number(ZERO, TensorProto.UINT8),
        _zero_weight(graph, kind),
        domain=CONTRIB,
        num_heads=header.heads,
    )
    attended = _product(graph, mixed_BTD, f"{name}.attended", (hidden, hidden), kind, bias=True)
    x_BTD = layer_norm(graph, header, graph.add("Add", attended, x_BTD), f"{name}.attention_norm")
    scaled = _scaled(graph, x_BTD, f"{name}.inner", hidden)
    product = _product(graph, scaled, f"{name}.inner", (hidden, inner), kind)
    bent = graph.add("BiasGelu", product, graph.weight(f"{name}.inner.bias", inner), domain=CONTRIB)
    bent = graph.add("Mul", bent, graph.weight(f"{name}.outer.inverse_scale", inner))
    outer = _product(graph, bent, f"{name}.outer", (inner, hidden), kind, zero=ZERO_AFTER_GELU, bias=True)
    return layer_norm(graph, header, graph.add("Add", outer, x_BTD), f"{name}.output_norm")


def int8_pre_activations(graph: WeightlessGraph, x_TD: str, d_model: int, d_sae: int, kind: int) -> str:
    """Append an encoder's product; returns the pre-activations `[T, F]`.

    Args:
        graph: the graph.
        x_TD: the residual.
        d_model: D.
        d_sae: F.
        kind: of the weights, int8 or uint8.
    """
    scaled = _scaled(graph, x_TD, "encoder", d_model)
    return _product(graph, scaled, "encoder", (d_model, d_sae), kind, bias=True)


def layer_norm(graph: WeightlessGraph, header: Q4Header, x_BTD: str, name: str) -> str:
    """Append a layer norm."""
    parts = (graph.weight(f"{name}.{part}", header.hidden) for part in ("weight", "bias"))
    return graph.add("LayerNormalization", x_BTD, *parts, axis=-1, epsilon=header.epsilon)


def _scaled(graph: WeightlessGraph, x_BTD: str, name: str, size: int) -> str:
    divided = graph.add("Mul", x_BTD, graph.weight(f"{name}.inverse_scale", size))
    return graph.add("Add", divided, graph.weight(f"{name}.shift", size))


def _quantised(graph: WeightlessGraph, x: str, zero: int) -> str:
    return graph.add("QuantizeLinear", x, graph.number(1.0), graph.number(zero, TensorProto.UINT8))


def _product(
    graph: WeightlessGraph,
    x: str,
    name: str,
    shape: tuple[int, int],
    kind: int,
    *,
    zero: int = ZERO,
    bias: bool = False,
) -> str:
    inputs = [
        _quantised(graph, x, zero),
        graph.weight(f"{name}.weight", *shape, kind=kind),
        graph.number(1.0),
        graph.weight(f"{name}.weight_scale", shape[1]),
        graph.number(zero, TensorProto.UINT8),
        _zero_weight(graph, kind),
    ]
    if bias:
        inputs.append(graph.weight(f"{name}.bias", shape[1]))
    return graph.add("MatMulIntegerToFloat", *inputs, domain=CONTRIB)


def _zero_weight(graph: WeightlessGraph, kind: int) -> str:
    return graph.number(ZERO if kind == TensorProto.UINT8 else 0, kind)
