"""The example in plain Python gives the verdicts of the engine from the exported files."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.onnx.export import ExportSettings, export_classifier

EXAMPLE = Path(__file__).parents[3] / "examples" / "onnx-python" / "classify.py"
TEXTS = [
    "you idiot, shut up",
    "cat rain mat watched the vaccine",
    "",
    "<|endoftext|> You're an idiot, aren't you?",
    "you idiot, shut up " * 40,
    "今日はいい天気ですね。",
]


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("onnx_python_example", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["toxicity", "language"])
def test_the_python_example_gives_the_verdicts_of_the_engine(
    name, request, tiny_scope, tmp_path, example, float32_scores
):
    classifier = request.getfixturevalue(name)
    export_classifier(classifier, tiny_scope, tmp_path / "it.onnx", ExportSettings(with_backbone=True), TEXTS)
    answers = example.classify(tmp_path / "it.onnx", TEXTS)
    expected = [one[name] for one in Engine(tiny_scope, [classifier]).predict(TEXTS)]
    assert [label for label, _ in answers] == [one.label for one in expected]
    assert len({label for label, _ in answers}) > 1
    low_NC, high_NC = float32_scores(tiny_scope, classifier, TEXTS)
    for row, (label, score) in enumerate(answers):
        if label in classifier.labels:
            column = classifier.labels.index(label)
            assert low_NC[row, column] <= score <= high_NC[row, column]


def test_the_python_example_restores_texts_for_a_classifier_that_asks_for_it(
    toxicity, tiny_scope, tmp_path, example
):
    texts = [*TEXTS, "you i d i o t, s h u t  u p"]
    restoring = replace(toxicity, restore=True)
    export_classifier(restoring, tiny_scope, tmp_path / "it.onnx", ExportSettings(with_backbone=True), texts)
    labels = [label for label, _ in example.classify(tmp_path / "it.onnx", texts)]
    assert labels == [one["toxicity"].label for one in Engine(tiny_scope, [restoring]).predict(texts)]
    assert labels[-1] == "toxic"
