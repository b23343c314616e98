"""A decision as ONNX nodes: from document maxima to margins, calibrated scores and verdicts.

All in float64, as in `rule.py` and `calibration.py`: on plateaus of the calibration scores differ by little, and
float32 would put documents near the cut on the wrong side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.calibration import MARGIN_LIMIT, TIE_BREAK, Calibration
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.linear_sum import ACTIVATION_UNIT, unit_of_sum
from scopesift_classifiers.artifact.rule import DECIMALS, LINEAR, LOG_ODDS, Rule
from scopesift_classifiers.onnx.nodes.graph import OnnxGraph


class Judgement(NamedTuple):
    """Names of results, for N documents and C labels.

    Attributes:
        margins_NC: float64.
        scores_NC: float64, calibrated.
        label_N: int64, the label given; -1: none.
        score_N: float64, score of the verdict; with many labels 0 if none is given.
    """

    margins_NC: str
    scores_NC: str
    label_N: str
    score_N: str


def add_decision(
    graph: OnnxGraph, maxima_NS: str, decision: Decision, columns_S: list[int], *, binary: bool
) -> Judgement:
    """Add the nodes of a decision.

    Args:
        graph: The graph.
        maxima_NS: Document maxima, float32.
        decision: The decision.
        columns_S: Columns of the decision's features in `maxima_NS`.
        binary: One positive label that is given or not; else the best of several, if there is evidence for it.
    """
    acts_NS = graph.add("Gather", maxima_NS, graph.constant(np.array(columns_S, dtype=np.int64)), axis=1)
    fires_NS = _firing(graph, acts_NS, decision)
    rules = list(decision.rules.values())
    margins = [_margin(graph, acts_NS, fires_NS, rule, decision.thresholds_S) for rule in rules]
    margins_NC = graph.add("Concat", *margins, axis=1) if len(margins) > 1 else margins[0]
    if len(rules) > 1 and all(rule.combine == LOG_ODDS for rule in rules):
        margins_NC = _posterior_odds(graph, margins_NC, len(rules))
    if len(rules) > 1 and all(rule.combine == LINEAR for rule in rules):
        margins_NC = _leads(graph, margins_NC, len(rules))
    scores_NC = _calibrated(graph, margins_NC, decision.calibration)
    best_N1 = graph.add("ArgMax", margins_NC, axis=1, keepdims=1, select_last_index=0)
    score_N1 = graph.add("GatherElements", scores_NC, best_N1, axis=1)
    cut_N1 = graph.add("Gather", graph.constant(decision.cuts_C), best_N1, axis=0)
    given_N1 = graph.add("GreaterOrEqual", score_N1, cut_N1)
    if not binary:
        # per label the number of features that are evidence for it
        speaks_for_SC = graph.constant(decision.speaks_for_CS.T.astype(np.float32))
        counts_NC = graph.add("MatMul", graph.cast(fires_NS, np.float32), speaks_for_SC)
        count_N1 = graph.add("GatherElements", counts_NC, best_N1, axis=1)
        given_N1 = graph.add("And", given_N1, graph.add("Greater", count_N1, graph.number(0.0)))
        score_N1 = graph.add("Where", given_N1, score_N1, graph.number(0.0, np.float64))
    label_N1 = graph.add("Where", given_N1, best_N1, graph.ints(-1))
    squeezed = (graph.add("Squeeze", value, graph.ints(1)) for value in (label_N1, score_N1))
    return Judgement(margins_NC, scores_NC, *squeezed)


def _firing(graph: OnnxGraph, acts_NS: str, decision: Decision) -> str:
    reaches = graph.add("GreaterOrEqual", acts_NS, graph.constant(decision.thresholds_S))
    return graph.add("And", reaches, graph.add("Greater", acts_NS, graph.number(0.0)))


def _margin(
    graph: OnnxGraph, acts_NS: str, fires_NS: str, rule: Rule, thresholds_S: NDArray[np.float32]
) -> str:
    """Margin of one rule, float64 `[N, 1]`."""
    if rule.combine == LINEAR:
        return _linear_margin(graph, acts_NS, rule)
    if rule.combine == LOG_ODDS:
        weights = graph.constant(np.array(rule.weights, dtype=np.float64)[:, None])
        sums = graph.add("MatMul", graph.cast(fires_NS, np.float64), weights)
        return _rounded(graph, graph.add("Add", sums, graph.number(rule.bias, np.float64)))
    acts = graph.cast(acts_NS, np.float64)
    one, zero = graph.number(1.0, np.float64), graph.number(0.0, np.float64)
    safe_S = np.where(thresholds_S > 0, thresholds_S, 1.0).astype(np.float64)
    ratios = graph.add("Div", acts, graph.constant(safe_S))
    positive = graph.add("Where", graph.add("Greater", acts, zero), graph.add("Add", acts, one), zero)
    ratios = graph.add("Where", graph.constant(thresholds_S > 0), ratios, positive)
    largest, _ = graph.add_many("TopK", 2, ratios, graph.ints(rule.m), axis=1, largest=1, sorted=1)
    return graph.add("Slice", largest, graph.ints(rule.m - 1), graph.ints(rule.m), graph.ints(1))


def _linear_margin(graph: OnnxGraph, acts_NS: str, rule: Rule) -> str:
    """The integer sum of `linear_sum`, exact in any order of summation."""
    acts = graph.cast(acts_NS, np.float64)
    whole = graph.add(
        "Round", graph.add("Mul", graph.add("Sqrt", acts), graph.number(1 / ACTIVATION_UNIT, np.float64))
    )
    sums = graph.add("MatMul", whole, graph.constant(rule.whole_weights_S[:, None]))
    # no effect on the values, but prevents ONNX Runtime from fusing the factor after it into the product as float32
    sums = graph.add("Add", graph.add("Round", sums), graph.number(rule.whole_bias, np.float64))
    return graph.add("Mul", sums, graph.number(unit_of_sum(rule.decimals), np.float64))


def _leads(graph: OnnxGraph, margins_NC: str, n_labels: int) -> str:
    """Each label's margin minus the largest other one."""
    others_NCC = _others(graph, margins_NC, n_labels)
    return graph.add("Sub", margins_NC, graph.add("ReduceMax", others_NCC, graph.ints(2), keepdims=0))


def _others(graph: OnnxGraph, margins_NC: str, n_labels: int) -> str:
    """For each label the margins of all others, its own as minus infinity."""
    own = graph.constant(np.eye(n_labels, dtype=np.bool_))
    rest_NCC = graph.add("Unsqueeze", margins_NC, graph.ints(1))
    return graph.add("Where", own, graph.number(-np.inf, np.float64), rest_NCC)


def _posterior_odds(graph: OnnxGraph, margins_NC: str, n_labels: int) -> str:
    """Log odds of each label against all the others."""
    rest_NCC = _others(graph, margins_NC, n_labels)
    top_NC1 = graph.add("ReduceMax", rest_NCC, graph.ints(2), keepdims=1)
    total = graph.add("Exp", graph.add("Sub", rest_NCC, top_NC1))
    total = graph.add("Log", graph.add("ReduceSum", total, graph.ints(2), keepdims=0))
    others = graph.add("Add", graph.add("Squeeze", top_NC1, graph.ints(2)), total)
    return _rounded(graph, graph.add("Sub", margins_NC, others))


def _rounded(graph: OnnxGraph, log_odds: str) -> str:
    """Round to `rule.DECIMALS`, as numpy does."""
    scale = graph.number(10.0**DECIMALS, np.float64)
    return graph.add("Div", graph.add("Round", graph.add("Mul", log_odds, scale)), scale)


def _calibrated(graph: OnnxGraph, margins_NC: str, calibration: Calibration) -> str:
    """`Calibration.apply`: interpolation between P points, the share of the margin, the shift of the prior."""
    number = lambda value: graph.number(value, np.float64)  # noqa: E731
    x, y = np.array(calibration.x), np.array(calibration.y)
    margin = graph.add("Max", graph.add("Min", margins_NC, number(MARGIN_LIMIT)), number(-MARGIN_LIMIT))
    # segment 0 is before the first point, segment P after the last one: both are flat
    reached = graph.add("GreaterOrEqual", graph.add("Unsqueeze", margin, graph.ints(2)), graph.constant(x))
    segment = graph.add("ReduceSum", graph.cast(reached, np.int64), graph.ints(2), keepdims=0)
    slopes = np.concatenate([[0.0], np.diff(y) / np.diff(x), [0.0]])
    begin, slope, value = (
        graph.add("Gather", graph.constant(table), segment, axis=0)
        for table in (np.concatenate([x[:1], x]), slopes, np.concatenate([y[:1], y]))
    )
    value = graph.add("Add", graph.add("Mul", slope, graph.add("Sub", margin, begin)), value)
    squashed = graph.add("Div", margin, graph.add("Add", graph.add("Abs", margin), number(1.0)))
    squashed = graph.add("Add", squashed, number(1.0))
    score = graph.add(
        "Add",
        graph.add("Mul", value, number(1 - TIE_BREAK)),
        graph.add("Mul", squashed, number(TIE_BREAK / 2)),
    )
    if calibration.prior == calibration.fit_prior:
        return score
    odds = calibration.prior / (1 - calibration.prior)
    shift = odds * (1 - calibration.fit_prior) / calibration.fit_prior
    shifted = graph.add("Mul", score, number(shift))
    rest = graph.add("Sub", number(1.0), score)
    return graph.add("Div", shifted, graph.add("Add", rest, shifted))
