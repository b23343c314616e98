"""Exported rules, calibration and verdicts against `rule.py`, `decision.py`, `calibration.py` and the engine."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from scopesift_classifiers.artifact.calibration import Calibration
from scopesift_classifiers.artifact.classifier import MANY
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import Rule, RuleFeature
from scopesift_classifiers.judging.outcome import decide
from scopesift_classifiers.onnx.nodes.decision import add_decision
from scopesift_classifiers.onnx.nodes.graph import OPSETS, OnnxGraph
from scopesift_classifiers.onnx.runtime import open_session

RNG = np.random.default_rng(1)
PLATEAU = Calibration((0.0, 0.8, 0.81, 1.9, 2.5), (0.1, 0.1, 0.6, 0.6, 0.9), 0.5, 0.5)
SHIFTED = Calibration((-3.0, 0.0, 4.0), (0.05, 0.4, 0.95), 0.3, 0.02)


def make_features(thresholds):
    return tuple(RuleFeature(0, index, threshold) for index, threshold in enumerate(thresholds))


def make_decisions():
    features = make_features([0.0, 1.5, 0.7, 3.3])
    weights = RNG.normal(size=(5, 4))
    several = {f"c{row}": Rule("log_odds", weights=tuple(weights[row]), bias=-row / 3) for row in range(5)}
    return {
        "any": Decision(features, {"toxic": Rule("at_least", m=1)}, PLATEAU, 0.55),
        "three": Decision(features, {"toxic": Rule("at_least", m=3)}, SHIFTED, 0.1),
        "odds": Decision(features, {"toxic": Rule("log_odds", weights=(1.0, -2.0, 0.5, 3.0))}, SHIFTED, 0.02),
        "several": Decision(features, several, SHIFTED, 0.0),
        "linear": Decision(
            make_features([0.0] * 4),
            {"toxic": Rule("linear", weights=(0.1234, -2.0, 0.5, 3.1), bias=-0.7, transform="sqrt")},
            SHIFTED,
            0.02,
        ),
        "linears": Decision(
            make_features([0.0] * 4),
            {
                f"c{row}": Rule(
                    "linear", weights=tuple(weights[row].round(4).tolist()), bias=-row / 4, transform="sqrt"
                )
                for row in range(5)
            },
            SHIFTED,
            0.0,
        ),
        "mixed": Decision(features, {"a": Rule("at_least", m=2), **several}, PLATEAU, 0.4),
    }


def run_graph(decision, acts_NS, binary, opset=OPSETS[0]):
    graph = OnnxGraph("test")
    name = graph.input("maxima", np.float32, ["documents", acts_NS.shape[1]])
    judged = add_decision(graph, name, decision, list(range(acts_NS.shape[1])), binary=binary)
    for value, out, dtype, shape in (
        (judged.margins_NC, "margins", np.float64, ["documents", len(decision.rules)]),
        (judged.scores_NC, "scores", np.float64, ["documents", len(decision.rules)]),
        (judged.label_N, "label", np.int64, ["documents"]),
        (judged.score_N, "score", np.float64, ["documents"]),
    ):
        graph.output(value, out, dtype, shape)
    session = open_session(graph.model(opset, {}).SerializeToString())
    return session.run(["margins", "scores", "label", "score"], {"maxima": acts_NS})


def make_acts(n=400):
    acts_NS = RNG.gamma(1.0, 2.0, (n, 4)).astype(np.float32)
    acts_NS[RNG.random((n, 4)) < 0.4] = 0
    acts_NS[0] = 0
    acts_NS[1] = [0.0, 1.5, 0.7, 3.3]  # exactly at the thresholds
    return acts_NS


@pytest.mark.parametrize("name", ["any", "three", "odds", "several", "linear", "linears", "mixed"])
@pytest.mark.parametrize("opset", OPSETS)
def test_margins_and_scores_are_those_of_the_artifact(name, opset):
    decision, acts_NS = make_decisions()[name], make_acts()
    margins, scores, _, _ = run_graph(decision, acts_NS, len(decision.rules) == 1, opset)
    expected = decision.margins(acts_NS)
    np.testing.assert_allclose(margins, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scores, decision.scores(expected), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["linear", "linears"])
def test_linear_margins_are_the_same_numbers_to_the_last_bit(name):
    decision, acts_NS = make_decisions()[name], make_acts()
    margins, _, label, _ = run_graph(decision, acts_NS, len(decision.rules) == 1)
    expected = decision.margins(acts_NS)
    np.testing.assert_array_equal(margins, expected)
    if name == "linear":
        np.testing.assert_array_equal(label >= 0, decision.scores(expected)[:, 0] >= decision.cut)
    else:
        assert (label[label >= 0] == expected.argmax(axis=1)[label >= 0]).all()
        assert label[0] == -1  # nothing is active, so nothing speaks


def test_a_margin_within_a_millionth_of_the_cut_falls_on_its_side():
    rule = {"toxic": Rule("at_least", m=1)}
    cut = float(PLATEAU.apply(1.0))
    decision = Decision(make_features([105.82]), rule, PLATEAU, cut)
    steps = np.nextafter(np.float32(105.82), np.float32([0, 105.82, 1000]))
    _, _, label, _ = run_graph(decision, steps[:, None].astype(np.float32), True)
    expected = decision.scores(decision.margins(steps[:, None].astype(np.float32)))[:, 0] >= cut
    assert expected.tolist() == [False, True, True]
    np.testing.assert_array_equal(label >= 0, expected)


@pytest.mark.parametrize("name", ["several", "linears", "mixed"])
def test_a_label_is_given_from_its_own_cut_on(name):
    decision, acts_NS = make_decisions()[name], make_acts()
    said = decide(MANY, decision, acts_NS)
    top_N = said.scores_NC.max(axis=1)
    cuts = {
        label: float(np.median(top_N[said.best_N == place])) + 1e-9 if (said.best_N == place).any() else 0.9
        for place, label in enumerate(decision.rules)
    }
    own = replace(decision, cut=min(cuts.values()), label_cuts=cuts)
    expected = decide(MANY, own, acts_NS)
    _, _, label, score = run_graph(own, acts_NS, False)
    np.testing.assert_array_equal(label, np.where(expected.given_N, expected.best_N, -1))
    np.testing.assert_allclose(score, expected.score_N, rtol=1e-12, atol=1e-14)
    assert 0 < expected.given_N.sum() < decide(MANY, own.with_cut(own.cut), acts_NS).given_N.sum()


@pytest.mark.parametrize("prior", [0.5, 0.01, 0.99])
def test_scores_outside_the_calibrated_range_are_flat_up_to_the_tie_break(prior):
    decision = Decision(
        make_features([1e-6]), {"toxic": Rule("at_least")}, replace(PLATEAU, prior=prior), 0.5
    )
    acts = np.array([[0], [1e-9], [1], [1e30]], np.float32)
    _, scores, _, _ = run_graph(decision, acts, True)
    np.testing.assert_allclose(scores, decision.scores(decision.margins(acts)), rtol=1e-12)


def test_of_many_labels_none_is_given_when_no_feature_speaks_for_the_best():
    rules = {
        "a": Rule("log_odds", weights=(1.0,), bias=0.0),
        "b": Rule("log_odds", weights=(-5.0,), bias=2.0),
    }
    decision = Decision(make_features([0.0]), rules, SHIFTED, 0.0)
    _, _, label, score = run_graph(decision, np.array([[0.0], [3.0]], np.float32), False)
    assert label.tolist() == [-1, 0]
    assert score[0] == 0
    assert score[1] > 0


def test_an_empty_batch_has_no_verdicts():
    for decision in make_decisions().values():
        margins, scores, label, score = run_graph(decision, np.zeros((0, 4), np.float32), False)
        assert (len(margins), len(scores), len(label), len(score)) == (0, 0, 0, 0)
