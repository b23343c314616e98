"""`python -m recipes.e5.graphs`: the ONNX graphs of the bundled e5 scope.

They hold operators and shapes, a few kilobytes; the weights are given when a session is opened (`reading.onnx`), so
that they are installed once. Written in ONNX Runtime's own operators where these are the fastest on a CPU, since the
sessions are opened without its optimiser.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from onnx import TensorProto
from scopesift_features.backbone.e5.q4_file import BLOCK, Q4Header
from scopesift_features.backbone.e5.source import PackagedE5
from scopesift_features.catalogue.settings import FLOAT32, INT8
from scopesift_features.catalogue.table import bundled_folder
from scopesift_features.reading.onnx.sessions import (
    BYTE_PRODUCT,
    FOLDER,
    UINT8,
    blocks_name,
    deeper_blocks_name,
    encode_name,
)
from scopesift_features.scope import Scope
from scopesift_files.atomic import write_atomically

from recipes.e5.int8_graph import int8_block, int8_pre_activations, layer_norm
from recipes.e5.weightless_graph import CONTRIB, Kind, WeightlessGraph

GROUP = 16
"""Features per group, see `encode_graph`; with larger ones more features reach the bound."""

KINDS = {FLOAT32: TensorProto.FLOAT, INT8: TensorProto.INT8, UINT8: TensorProto.UINT8}
"""Kinds of weights; there are graphs for each."""


def blocks_graph(header: Q4Header, layers: Sequence[int], weights: str = FLOAT32) -> Any:
    """The graph from 4-bit rows of the word table to the residuals after some layers.

    Inputs: `scales` `[B, T, D / 32]` float32 and `nibbles` `[B, T, D / 32, 16]` uint8, rows of the word table;
    `lengths` `[B]` int32, tokens of each row, the rest is padding. Outputs: `residual_<layer>` `[B, T, D]`.

    Args:
        header: sizes.
        layers: the deepest is the last block.
        weights: kind of the linear layers' weights, a key of `KINDS`.
    """
    graph = WeightlessGraph()
    x_BTD = _embedded(graph, header)
    residuals = {}
    for layer in range(max(layers) + 1):
        x_BTD = residuals[layer] = _block(graph, header, x_BTD, f"blocks.{layer}", weights)
    scales: list[int | str] = ["batch", "tokens", header.hidden // BLOCK]
    out: Kind = (TensorProto.FLOAT, ["batch", "tokens", header.hidden])
    return graph.model(
        {
            "scales": (TensorProto.FLOAT, scales),
            "nibbles": (TensorProto.UINT8, [*scales, BLOCK // 2]),
            "lengths": (TensorProto.INT32, ["batch"]),
        },
        {f"residual_{layer}": (residuals[layer], out) for layer in layers},
    )


def deeper_blocks_graph(header: Q4Header, after: int, layers: Sequence[int], weights: str = FLOAT32) -> Any:
    """The graph from the residual after one layer to those after deeper ones.

    Inputs: `residual` `[B, T, D]`; `lengths` `[B]` int32, tokens of each row, the rest is padding. Outputs:
    `residual_<layer>` `[B, T, D]`.

    Args:
        header: sizes.
        after: the layer.
        layers: all are deeper; the deepest is the last block.
        weights: as for `blocks_graph`.
    """
    graph = WeightlessGraph()
    x_BTD, residuals = "residual", {}
    for layer in range(after + 1, max(layers) + 1):
        x_BTD = residuals[layer] = _block(graph, header, x_BTD, f"blocks.{layer}", weights)
    kind: Kind = (TensorProto.FLOAT, ["batch", "tokens", header.hidden])
    return graph.model(
        {"residual": kind, "lengths": (TensorProto.INT32, ["batch"])},
        {f"residual_{layer}": (residuals[layer], kind) for layer in layers},
    )


def encode_graph(d_model: int, d_sae: int, k: int, weights: str = FLOAT32) -> Any:
    """The graph from residuals to the pre-activations of all features, and the largest of each 16 adjacent ones.

    The k-th largest of these maxima is a bound that the k largest features reach, and few others. `reading.onnx`
    chooses among them by numpy, in less time than ONNX Runtime's TopK takes.

    Inputs: `residual` `[T, D]`; in float32 with a last column of ones, with which the bias is multiplied. Outputs,
    float32: `pre` `[T, F]`, and `largest` `[T, F / 16]`.

    Args:
        d_model: width of the residual.
        d_sae: number of features.
        k: active features per token.
        weights: kind of the encoder's weights, a key of `KINDS`.

    Raises:
        ValueError: features that don't divide into k groups or more.
    """
    graph, groups = WeightlessGraph(), d_sae // GROUP
    if d_sae % GROUP or k > groups:
        raise ValueError(
            f"expected a multiple of {GROUP} features and at least {k} groups, got {d_sae} features"
        )
    if weights == FLOAT32:
        width = d_model + 1
        pre_TF = graph.add("MatMul", "residual", graph.weight("encoder", width, d_sae))
    else:
        width = d_model
        pre_TF = int8_pre_activations(graph, "residual", d_model, d_sae, KINDS[weights])
    pre_TGC = graph.add("Reshape", pre_TF, graph.ints(-1, groups, GROUP))
    largest_TG = graph.add("ReduceMax", pre_TGC, graph.ints(2), keepdims=0)
    return graph.model(
        {"residual": (TensorProto.FLOAT, ["tokens", width])},
        {
            "pre": (pre_TF, (TensorProto.FLOAT, ["tokens", d_sae])),
            "largest": (largest_TG, (TensorProto.FLOAT, ["tokens", groups])),
        },
    )


def byte_product_graph() -> Any:
    """The graph of `sessions.byte_kind`: `factors` `[M, K]` uint8 times `weights` `[K, N]` int8, in int32."""
    graph = WeightlessGraph()
    product = graph.add("MatMulInteger", "factors", "weights")
    return graph.model(
        {"factors": (TensorProto.UINT8, ["m", "k"]), "weights": (TensorProto.INT8, ["k", "n"])},
        {"product": (product, (TensorProto.INT32, ["m", "n"]))},
    )


def _embedded(graph: WeightlessGraph, header: Q4Header) -> str:
    low = graph.add("BitwiseAnd", "nibbles", graph.number(15, TensorProto.UINT8))
    high = graph.add("BitShift", "nibbles", graph.number(4, TensorProto.UINT8), direction="RIGHT")
    values = graph.add("Cast", graph.add("Concat", low, high, axis=-1), to=TensorProto.FLOAT)
    values = graph.add("Sub", values, graph.number(8.0))
    values = graph.add("Mul", values, graph.add("Unsqueeze", "scales", graph.ints(-1)))
    words_BTD = graph.add("Reshape", values, graph.ints(0, 0, header.hidden))
    table = graph.weight("positions", header.positions, header.hidden)
    tokens = graph.add("Shape", "scales", start=1, end=2)
    places_TD = graph.add("Slice", table, graph.ints(0), tokens, graph.ints(0))
    # in BERT's order of addition, for the same rounding
    x_BTD = graph.add("Add", words_BTD, graph.weight("type", header.hidden))
    return layer_norm(graph, header, graph.add("Add", x_BTD, places_TD), "embedding_norm")


def _block(graph: WeightlessGraph, header: Q4Header, x_BTD: str, name: str, weights: str) -> str:
    if weights != FLOAT32:
        return int8_block(graph, header, x_BTD, name, KINDS[weights])
    hidden, inner = header.hidden, header.intermediate
    mixed_BTD = graph.add(
        "Attention",
        x_BTD,
        graph.weight(f"{name}.query_key_value.weight", hidden, 3 * hidden),
        graph.weight(f"{name}.query_key_value.bias", 3 * hidden),
        "lengths",
        domain=CONTRIB,
        num_heads=header.heads,
    )
    attended = _linear(graph, mixed_BTD, f"{name}.attended", hidden, hidden)
    x_BTD = layer_norm(graph, header, graph.add("Add", attended, x_BTD), f"{name}.attention_norm")
    product = graph.add("MatMul", x_BTD, graph.weight(f"{name}.inner.weight", hidden, inner))
    bent = graph.add("BiasGelu", product, graph.weight(f"{name}.inner.bias", inner), domain=CONTRIB)
    outer = _linear(graph, bent, f"{name}.outer", inner, hidden)
    return layer_norm(graph, header, graph.add("Add", outer, x_BTD), f"{name}.output_norm")


def _linear(graph: WeightlessGraph, x: str, name: str, n_in: int, n_out: int) -> str:
    product = graph.add("MatMul", x, graph.weight(f"{name}.weight", n_in, n_out))
    return graph.add("Add", product, graph.weight(f"{name}.bias", n_out))


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def main(
    out: Annotated[Path | None, typer.Option(help="Scope folder; default: the bundled e5's.")] = None,
) -> None:
    """Write the graphs to each layer with an SAE, from the tokens and from each shallower one, and the encode's."""
    scope = Scope.load(out or bundled_folder("e5"), device="cpu")
    source, config = scope.source, scope.config
    if not isinstance(source, PackagedE5) or config.k is None:
        raise typer.BadParameter(f"{scope.id} is not a scope over e5 with TopK SAEs")
    header = source.file.header
    models = {
        BYTE_PRODUCT: byte_product_graph(),
        **{
            encode_name(weights): encode_graph(config.d_model, config.d_sae, config.k, weights)
            for weights in KINDS
        },
    }
    for at, deepest in enumerate(scope.layers):
        for weights in KINDS:
            models[blocks_name(deepest, weights)] = blocks_graph(header, scope.layers[: at + 1], weights)
            for place, after in enumerate(scope.layers[:at]):
                models[deeper_blocks_name(after, deepest, weights)] = deeper_blocks_graph(
                    header, after, scope.layers[place + 1 : at + 1], weights
                )
    for name, model in models.items():
        content = model.SerializeToString(deterministic=True)
        if name.endswith(".gz"):
            content = gzip.compress(content, mtime=0)
        path = scope.folder / FOLDER / name
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, partial(_write, content))
        typer.echo(f"{path}: {len(content):,} bytes")


if __name__ == "__main__":
    typer.run(main)
