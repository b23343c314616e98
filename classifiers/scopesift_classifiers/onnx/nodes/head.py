"""The head as an ONNX graph: from residuals to a classifier's verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np
from scopesift_files.errors import InputError

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.onnx.nodes.decision import Judgement, add_decision
from scopesift_classifiers.onnx.nodes.encode import EncoderRows, add_encoder
from scopesift_classifiers.onnx.nodes.graph import OnnxGraph
from scopesift_classifiers.onnx.nodes.pool import add_document_pool, add_row_pool, any_in_documents

NO_LABEL, REFUSED = -1, -2


def add_residual_inputs(graph: OnnxGraph, encoders: Sequence[EncoderRows]) -> dict[int, str]:
    """Declare `residual_<layer>` `[batch, tokens, d_model]` for every layer; returns the names."""
    return {
        rows.layer: graph.input(f"residual_{rows.layer}", np.float32, ["batch", "tokens", rows.W_FD.shape[1]])
        for rows in encoders
    }


def add_windows_head(graph: OnnxGraph, encoder: EncoderRows) -> None:
    """The encode alone: from one layer's residual and mask to maxima and places per row."""
    residuals = add_residual_inputs(graph, [encoder])
    mask_BT = _mask(graph)
    acts_BTS, bad_BT = _activations(graph, residuals, mask_BT, [encoder])
    rows = add_row_pool(graph, acts_BTS)
    shape: list[int | str] = ["batch", len(encoder.columns_S)]
    graph.output(rows.values, "maxima", np.float32, shape)
    graph.output(rows.places, "tokens", np.int64, shape)
    graph.output(bad_BT, "refused", np.bool_, ["batch", "tokens"])


def add_classifier_head(
    graph: OnnxGraph,
    classifier: Classifier,
    encoders: Sequence[EncoderRows],
    residuals: Mapping[int, str],
    keep_BT: str | None = None,
) -> None:
    """Add everything from residuals to verdicts; declares the remaining inputs and all outputs.

    Args:
        graph: The graph.
        classifier: The classifier.
        encoders: One per layer, ascending, with columns in the order of the classifier's features.
        residuals: Name of each layer's residual `[batch, tokens, d_model]`.
        keep_BT: Bool, the tokens that count; None: declare an input `mask` for it.

    Raises:
        InputError: A classifier that can't be exported: no features, or labels that depend on the language.
    """
    decisions = routed_decisions(classifier)
    keep_BT = keep_BT or _mask(graph)
    document_B = graph.input("document", np.int64, ["batch"])
    acts_BTS, bad_BT = _activations(graph, residuals, keep_BT, encoders)
    pooled = add_document_pool(graph, add_row_pool(graph, acts_BTS), document_B, graph.axis_size(keep_BT, 1))
    refused_N1 = any_in_documents(graph, bad_BT, document_B)
    judged = _judged(graph, pooled.values, classifier, decisions)
    n_labels, n_features = len(classifier.labels), len(classifier.features)
    nan, refused = graph.number(np.nan), graph.number(REFUSED, np.int64)
    refused_N = graph.add("Squeeze", refused_N1, graph.ints(1))
    label_N = graph.add("Where", refused_N, refused, judged.label_N)
    every = graph.constant(np.arange(n_labels, dtype=np.int64))
    given_NC = graph.add("Equal", graph.add("Unsqueeze", label_N, graph.ints(1)), every)
    for value, name in ((judged.margins_NC, "margins"), (judged.scores_NC, "scores")):
        single = graph.add("Where", refused_N1, nan, graph.cast(value, np.float32))
        graph.output(single, name, np.float32, ["documents", n_labels])
    graph.output(given_NC, "verdicts", np.bool_, ["documents", n_labels])
    graph.output(label_N, "label", np.int64, ["documents"])
    score_N = graph.add("Where", refused_N, nan, graph.cast(judged.score_N, np.float32))
    graph.output(score_N, "score", np.float32, ["documents"])
    maxima_NS = graph.add("Where", refused_N1, nan, pooled.values)
    graph.output(maxima_NS, "maxima", np.float32, ["documents", n_features])
    graph.output(pooled.places, "tokens", np.int64, ["documents", n_features])


def routed_decisions(classifier: Classifier) -> list[Decision]:
    """The default decision, then those of `by_lang` by language code: the order of the input `language`.

    Raises:
        InputError: See `add_classifier_head`.
    """
    decisions = list(classifier.decisions.values())
    for decision in decisions:
        if not decision.features:
            raise InputError(
                f"classifier {classifier.name!r} has a decision without features; nothing to export"
            )
        if list(decision.rules) != classifier.labels:
            raise InputError(
                f"classifier {classifier.name!r} has the labels {', '.join(classifier.labels)} by default and "
                f"{', '.join(decision.rules)} for a language; a graph has one list of labels: fit them alike"
            )
    return decisions


def _mask(graph: OnnxGraph) -> str:
    mask_BT = graph.input("mask", np.int64, ["batch", "tokens"])
    return graph.add("Greater", mask_BT, graph.number(0, np.int64))


def _activations(
    graph: OnnxGraph, residuals: Mapping[int, str], keep_BT: str, encoders: Sequence[EncoderRows]
) -> tuple[str, str]:
    """Activations `[B, T, S]` of all layers, concatenated, and which kept tokens are not finite."""
    acts, bad = [], []
    for rows in encoders:
        x_BTD = residuals[rows.layer]
        # infinity and NaN times 0 are NaN, finite numbers give 0
        zero = graph.add("Mul", x_BTD, graph.number(0.0))
        strange_BT = graph.add("IsNaN", graph.add("ReduceSum", zero, graph.ints(2), keepdims=0))
        bad.append(graph.add("And", keep_BT, strange_BT))
        sound_BT = graph.add("And", keep_BT, graph.add("Not", strange_BT))
        if rows.norm_bound < math.inf:
            sound_BT = _within_bound(graph, x_BTD, sound_BT, rows.norm_bound)
        sound_BT1 = graph.add("Unsqueeze", sound_BT, graph.ints(2))
        x_BTD = graph.add("Where", sound_BT1, x_BTD, graph.number(0.0))
        acts.append(add_encoder(graph, x_BTD, sound_BT, rows))
    joined = graph.add("Concat", *acts, axis=2) if len(acts) > 1 else acts[0]
    return joined, reduce(lambda one, other: graph.add("Or", one, other), bad)


def _within_bound(graph: OnnxGraph, x_BTD: str, sound_BT: str, norm_bound: float) -> str:
    """Tokens within the norm bound; in a row without such tokens all of them, see `extreme_tokens`."""
    norm_BT = graph.add("ReduceL2", x_BTD, graph.ints(2), keepdims=0)
    within_BT = graph.add("And", sound_BT, graph.add("LessOrEqual", norm_BT, graph.number(norm_bound)))
    count_B1 = graph.add("ReduceSum", graph.cast(within_BT, np.float32), graph.ints(1), keepdims=1)
    none_B1 = graph.add("Equal", count_B1, graph.number(0.0))
    return graph.add("Or", within_BT, graph.add("And", sound_BT, none_B1))


def _judged(
    graph: OnnxGraph, maxima_NS: str, classifier: Classifier, decisions: Sequence[Decision]
) -> Judgement:
    """The result of the default decision, or of a language's own if the input `language` selects one."""
    column = {feature: at for at, feature in enumerate(classifier.features)}
    judgements = [
        add_decision(
            graph,
            maxima_NS,
            decision,
            [column[feature] for feature in decision.feature_ids],
            binary=classifier.kind == BINARY,
        )
        for decision in decisions
    ]
    if len(judgements) == 1:
        return judgements[0]
    language_N = graph.input("language", np.int64, ["documents"])
    chosen = judgements[0]
    for number, judgement in enumerate(judgements[1:]):
        own_N = graph.add("Equal", language_N, graph.number(number, np.int64))
        own_N1 = graph.add("Unsqueeze", own_N, graph.ints(1))
        chosen = Judgement(
            *(
                graph.add("Where", own_N1 if at < 2 else own_N, new, old)
                for at, (new, old) in enumerate(zip(judgement, chosen, strict=True))
            )
        )
    return chosen
