"""e5 as an ONNX graph, word table and blocks included."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from scopesift_classifiers.artifact.calibration import Calibration
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import Rule, RuleFeature
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.onnx.export import ExportSettings, export_classifier
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope

EXAMPLE = Path(__file__).parents[3] / "examples" / "onnx-python" / "classify.py"
TEXTS = [
    "You are such an idiot, nobody wants you here.",
    "Der Zug nach Hamburg kommt heute um acht Uhr an.",
    "",
    "今日はとても暑いですね。",
    "ﬁne ½ e\u0301te\u0301 ～ ｶﾞ </s> <pad>",
    "🧿",  # unknown to the vocabulary
    "La economía creció un tres por ciento este año. " * 90,
]


@pytest.fixture(scope="module")
def classifier():
    """A classifier with made-up weights over the first layer that has an SAE.

    In float32: rounded to the SAE's bfloat16, residuals that differ in their last bit can differ by a 256th.
    """
    scope = Scope.load("e5", device="cpu")
    scope.settings = replace(scope.settings, sae_dtype="float32")
    layer = scope.layers[0]
    acts = document_features(scope, TEXTS, [layer]).acts[layer].toarray()
    chosen = np.argsort(-(acts > 0).sum(axis=0), kind="stable")[3:35]
    features = tuple(RuleFeature(layer, int(at), 0.0) for at in np.sort(chosen))
    weights = tuple(round(float(one), 4) for one in np.random.default_rng(0).normal(size=len(features)))
    rule = Rule("linear", weights=weights, bias=-0.2, transform="sqrt")
    calibration = Calibration((-2.0, 0.0, 2.0), (0.05, 0.5, 0.95), 0.5, 0.5)
    decision = Decision(features, {"toxic": rule}, calibration, 0.5)
    return Classifier("toxicity", "binary", "clean", scope.fingerprint, scope.settings, decision), scope


@pytest.fixture(scope="module")
def graph(classifier, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "it.onnx"
    export_classifier(*classifier, path, ExportSettings(with_backbone=True), TEXTS)
    return path


def test_the_python_example_gives_the_engines_verdicts_from_text(graph, classifier):
    spec = importlib.util.spec_from_file_location("onnx_python_example", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    answers = example.classify(graph, TEXTS)
    artifact, scope = classifier
    expected = [one["toxicity"] for one in Engine(scope, [artifact]).predict(TEXTS)]
    assert [label for label, _ in answers] == [one.label for one in expected]
    assert [score for _, score in answers] == pytest.approx([one.score for one in expected], abs=1e-4)


def test_node_gives_the_engines_verdicts_from_text(graph, classifier, run_node):
    artifact, scope = classifier
    answers = run_node(graph, TEXTS)
    expected = [one["toxicity"] for one in Engine(scope, [artifact]).predict(TEXTS)]
    assert [one["label"] for one in answers] == [one.label for one in expected]
    assert [one["score"] for one in answers] == pytest.approx([one.score for one in expected], abs=1e-4)


def test_the_description_says_what_stands_around_every_window(graph):
    reading = json.loads(Path(f"{graph}.json").read_text())["reading"]
    assert (reading["prefix_ids"], reading["suffix_ids"]) == ([0, 41, 1294, 12], [2])


def test_the_word_table_stays_in_four_bits(graph):
    # 96 million weights: 384 MB in float32
    assert graph.stat().st_size < 130 * 2**20
