"""The encode as ONNX nodes: from residuals to activations of the selected features."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.onnx.nodes.graph import OnnxGraph
from scopesift_classifiers.onnx.nodes.int8 import Int8Range, int8_product

FP32, FP16 = STORED = ("fp32", "fp16")


@dataclass(frozen=True, eq=False)
class EncoderRows:
    """Rows of one layer's encoder, and how it is decided which features are active.

    Attributes:
        layer: The block whose output is encoded.
        W_FD: Weights of the rows, float32.
        b_F: Biases, float32.
        columns_S: Indices of the selected features among the rows, int64.
        k: Active features per token; None: `stand_in` or the thresholds are used.
        stand_in: Without the other rows, an estimate of the threshold of the top-k.
        threshold_S: Threshold of each selected feature, float32, for SAEs that have such; None: 0.
        rounding: "float32", or the dtype to which the residual is rounded first (the SAE's storage dtype).
        stored: Precision of stored weights, "fp32" or "fp16"; arithmetic is float32.
        int8: Store and multiply in 8 bits; None: no.
        norm_bound: Tokens with a larger residual norm don't count, unless a row has no others.
    """

    layer: int
    W_FD: NDArray[np.float32]
    b_F: NDArray[np.float32]
    columns_S: NDArray[np.int64]
    k: int | None = None
    stand_in: StandIn | None = None
    threshold_S: NDArray[np.float32] | None = None
    rounding: str = "float32"
    stored: str = FP32
    int8: Int8Range | None = None
    norm_bound: float = math.inf


@dataclass(frozen=True, eq=False)
class StandIn:
    """An estimate of every token's k-th largest pre-activation.

    A linear function of the residual, its absolute values and its norm (two additional rows), of the positive
    pre-activations of the selected features, and of the largest of them in order. A feature counts if it exceeds
    `share * estimate + floor`.

    Attributes:
        direction_D: Weights of the estimate for the residual, float32.
        sizes_D: Its weights for the residual's absolute values, float32.
        length: Its weight for the residual's Euclidean norm.
        active_S: Its weights for the positive pre-activations of the selected features, float32.
        largest_R: Its weights for the R largest pre-activations of the selected features, largest first, float32.
        offset: Its constant.
        share_S: Factor of the estimate per feature, float32.
        floor_S: Constant to add per feature, float32.
    """

    direction_D: NDArray[np.float32]
    sizes_D: NDArray[np.float32]
    length: float
    active_S: NDArray[np.float32]
    largest_R: NDArray[np.float32]
    offset: float
    share_S: NDArray[np.float32]
    floor_S: NDArray[np.float32]


def add_encoder(graph: OnnxGraph, x_BTD: str, mask_BT: str, rows: EncoderRows) -> str:
    """Add the nodes of one layer.

    Args:
        graph: The graph.
        x_BTD: Float32 residual, finite, and 0 where the mask is false.
        mask_BT: Tokens that count, bool.
        rows: The encoder.

    Returns:
        Activations `[B, T, S]`, 0 where a feature is not active.
    """
    if rows.rounding != "float32":
        x_BTD = _rounded(graph, x_BTD, rows.rounding)
    pre_BTF = _product(graph, x_BTD, rows)
    all_rows = np.array_equal(rows.columns_S, np.arange(len(rows.W_FD)))
    pre_BTS = pre_BTF if all_rows else _take(graph, pre_BTF, rows.columns_S)
    lowest = graph.number(0.0) if rows.threshold_S is None else graph.constant(rows.threshold_S)
    counts = graph.add("Greater", pre_BTS, lowest)
    if rows.stand_in is not None:
        counts = graph.add("And", counts, _exceeds(graph, x_BTD, pre_BTS, rows.stand_in))
    elif rows.k is not None and rows.k < len(rows.W_FD):
        counts = graph.add("And", counts, _member(graph, pre_BTF, pre_BTS, mask_BT, rows, rows.k))
    counts = graph.add("And", counts, graph.add("Unsqueeze", mask_BT, graph.ints(2)))
    return graph.add("Where", counts, pre_BTS, graph.number(0.0))


def add_weights(graph: OnnxGraph, value: NDArray[np.float32], how: str, name: str = "") -> str:
    """A float32 constant, stored in half precision if `how` is "fp16"."""
    if how == FP16:
        return graph.cast(graph.constant(value.astype(np.float16), name), np.float32)
    return graph.constant(value, name)


def _product(graph: OnnxGraph, x_BTD: str, rows: EncoderRows) -> str:
    name = f"encoder_{rows.layer}"
    if rows.int8 is not None:
        product = int8_product(graph, x_BTD, rows.W_FD, rows.int8, name)
    else:
        product = graph.add("MatMul", x_BTD, add_weights(graph, rows.W_FD.T, rows.stored, name))
    return graph.add("Add", product, graph.constant(rows.b_F, f"bias_{rows.layer}"))


def _member(graph: OnnxGraph, pre_BTF: str, pre_BTS: str, mask_BT: str, rows: EncoderRows, k: int) -> str:
    """Exact membership: #{z_j > z_s} + #{z_j = z_s, j < s} < k.

    Independent of how providers order ties: only the values of TopK are used. If the k-th and the next value differ,
    which is nearly always, values are compared with the k-th; otherwise ties are counted.
    """
    top, _ = graph.add_many("TopK", 2, pre_BTF, graph.ints(k + 1), axis=-1, largest=1, sorted=1)
    kth = graph.add("Slice", top, graph.ints(k - 1), graph.ints(k), graph.ints(2))
    next_ = graph.add("Slice", top, graph.ints(k), graph.ints(k + 1), graph.ints(2))
    tied = graph.add("And", graph.add("Equal", kth, next_), graph.add("Unsqueeze", mask_BT, graph.ints(2)))
    any_tied = graph.add(
        "Greater",
        graph.add("ReduceSum", graph.cast(tied, np.float32), keepdims=0),
        graph.number(0.0),
    )
    plain = OnnxGraph(f"no_ties_{rows.layer}", graph)
    reaches = plain.add("GreaterOrEqual", pre_BTS, kth)
    counting = OnnxGraph(f"ties_{rows.layer}", graph)
    first_k = counting.add("Slice", top, graph.ints(0), graph.ints(k), graph.ints(2))
    above = counting.add("Greater", first_k, kth)
    above = counting.add("ReduceSum", counting.cast(above, np.float32), graph.ints(2), keepdims=1)
    equal_BTF = counting.cast(counting.add("Equal", pre_BTF, kth), np.float32)
    earlier = counting.add("CumSum", equal_BTF, graph.number(2, np.int64), exclusive=1)
    earlier = _take(counting, earlier, rows.columns_S)
    room = counting.add("Less", counting.add("Add", above, earlier), graph.number(k))
    at_kth = counting.add("And", counting.add("Equal", pre_BTS, kth), room)
    member = counting.add("Or", counting.add("Greater", pre_BTS, kth), at_kth)
    return graph.add(
        "If",
        any_tied,
        then_branch=counting.branch(member, np.bool_, inside=graph),
        else_branch=plain.branch(reaches, np.bool_, inside=graph),
    )


def _exceeds(graph: OnnxGraph, x_BTD: str, pre_BTS: str, stand_in: StandIn) -> str:
    length = graph.add("ReduceL2", x_BTD, graph.ints(2), keepdims=1)
    estimate = graph.add("MatMul", x_BTD, graph.constant(stand_in.direction_D[:, None]))
    sizes = graph.add("MatMul", graph.add("Abs", x_BTD), graph.constant(stand_in.sizes_D[:, None]))
    estimate = graph.add("Add", estimate, sizes)
    estimate = graph.add("Add", estimate, graph.add("Mul", length, graph.number(stand_in.length)))
    active = graph.add("MatMul", graph.add("Relu", pre_BTS), graph.constant(stand_in.active_S[:, None]))
    estimate = graph.add("Add", estimate, active)
    largest, _ = graph.add_many(
        "TopK", 2, pre_BTS, graph.ints(len(stand_in.largest_R)), axis=-1, largest=1, sorted=1
    )
    largest = graph.add("MatMul", largest, graph.constant(stand_in.largest_R[:, None]))
    estimate = graph.add("Add", estimate, largest)
    estimate = graph.add("Add", estimate, graph.number(stand_in.offset))
    bound = graph.add("Mul", estimate, graph.constant(stand_in.share_S))
    return graph.add("Greater", pre_BTS, graph.add("Add", bound, graph.constant(stand_in.floor_S)))


def _take(graph: OnnxGraph, value_BTF: str, columns_S: NDArray[np.int64]) -> str:
    return graph.add("Gather", value_BTF, graph.constant(columns_S), axis=2)


def _rounded(graph: OnnxGraph, x_BTD: str, dtype: str) -> str:
    from onnx import TensorProto

    kind = TensorProto.BFLOAT16 if dtype == "bfloat16" else TensorProto.FLOAT16
    return graph.cast(graph.add("Cast", x_BTD, to=kind), np.float32)
