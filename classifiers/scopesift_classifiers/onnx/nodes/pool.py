"""Pooling as ONNX nodes: from activations per token to maxima of windows and of documents."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scopesift_classifiers.onnx.nodes.graph import OnnxGraph

_NONE = np.iinfo(np.int64).max


class Maxima(NamedTuple):
    """Names of two results: largest activations, float32, and their positions, int64 (-1: none)."""

    values: str
    places: str


def add_row_pool(graph: OnnxGraph, acts_BTS: str) -> Maxima:
    """Maxima `[B, S]` over the tokens of each row, and the earliest token that reaches them."""
    shape = graph.add("Shape", acts_BTS)
    rows, features = (graph.add("Slice", shape, graph.ints(at), graph.ints(at + 1)) for at in (0, 2))
    # a zero token is prepended, so that rows without tokens have a maximum, at position -1
    zero_B1S = graph.add(
        "Expand", graph.number(0.0), graph.add("Concat", rows, graph.ints(1), features, axis=0)
    )
    acts = graph.add("Concat", zero_B1S, acts_BTS, axis=1)
    values = graph.add("ReduceMax", acts, graph.ints(1), keepdims=0)
    place = graph.add("ArgMax", acts, axis=1, keepdims=0, select_last_index=0)
    return Maxima(values, graph.add("Sub", place, graph.ints(1)))


def add_document_pool(graph: OnnxGraph, rows: Maxima, document_B: str, tokens_a_row: str) -> Maxima:
    """Maxima `[N, S]` over the rows of each document.

    Args:
        graph: The graph.
        rows: From `add_row_pool`.
        document_B: int64, the document of each row.
        tokens_a_row: int64 `[1]`.

    Returns:
        Values, and positions as row * tokens per row + token; of equal values the earliest position.
    """
    shape_NS = graph.add(
        "Concat", count_documents(graph, document_B), graph.axis_size(rows.values, 1), axis=0
    )
    index_BS = graph.add(
        "Expand",
        graph.add("Unsqueeze", document_B, graph.ints(1)),
        graph.add("Shape", rows.values),
    )
    zero_NS = graph.add("Expand", graph.number(0.0), shape_NS)
    values = graph.add("ScatterElements", zero_NS, index_BS, rows.values, axis=0, reduction="max")
    row_B = graph.add(
        "Range",
        graph.number(0, np.int64),
        graph.add("Squeeze", graph.axis_size(rows.values, 0)),
        graph.number(1, np.int64),
    )
    begin_B1 = graph.add("Unsqueeze", graph.add("Mul", row_B, tokens_a_row), graph.ints(1))
    flat_BS = graph.add("Add", begin_B1, rows.places)
    largest = graph.add("Equal", rows.values, graph.add("Gather", values, document_B, axis=0))
    flat_BS = graph.add("Where", largest, flat_BS, graph.number(_NONE, np.int64))
    none_NS = graph.add("Expand", graph.number(_NONE, np.int64), shape_NS)
    first = graph.add("ScatterElements", none_NS, index_BS, flat_BS, axis=0, reduction="min")
    fires = graph.add("Greater", values, graph.number(0.0))
    return Maxima(values, graph.add("Where", fires, first, graph.ints(-1)))


def any_in_documents(graph: OnnxGraph, true_BT: str, document_B: str) -> str:
    """Whether any value is true in the rows of a document, bool `[N, 1]`."""
    count_B = graph.add("ReduceSum", graph.cast(true_BT, np.float32), graph.ints(1), keepdims=0)
    zero_N = graph.add("Expand", graph.number(0.0), count_documents(graph, document_B))
    count_N = graph.add("ScatterElements", zero_N, document_B, count_B, axis=0, reduction="max")
    return graph.add("Greater", graph.add("Unsqueeze", count_N, graph.ints(1)), graph.number(0.0))


def count_documents(graph: OnnxGraph, document_B: str) -> str:
    """One more than the largest document index, int64 `[1]`; 0 for an empty batch."""
    numbers = graph.add("Concat", graph.ints(-1), document_B, axis=0)
    return graph.add("Add", graph.add("ReduceMax", numbers, keepdims=1), graph.ints(1))
