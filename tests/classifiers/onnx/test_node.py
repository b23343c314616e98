"""A consumer that isn't Python gives the same verdicts from the exported files."""

from dataclasses import replace

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.onnx.export import ExportSettings, export_classifier

TEXTS = [
    "you idiot, shut up",
    "cat rain mat watched the vaccine",
    "Das Wetter ist heute schön, wir gehen spazieren. ",
    "",
    "   ",
    "<|endoftext|> You're an idiot, aren't you?",
    "you idiot, shut up " * 40,
    "今日はいい天気ですね。",
    "הַמַּיִם שלום",
    "😀👨‍👩‍👧 e\u0301té",
    "\ud800 lone",
]


@pytest.mark.parametrize("name", ["toxicity", "language"])
def test_node_gives_the_verdicts_and_evidence_of_the_engine(
    name, request, tiny_scope, tmp_path, float32_scores, run_node
):
    classifier = request.getfixturevalue(name)
    settings = ExportSettings(with_backbone=True)
    export_classifier(classifier, tiny_scope, tmp_path / "it.onnx", settings, TEXTS)
    answers = run_node(tmp_path / "it.onnx", TEXTS)
    expected = [one[name] for one in Engine(tiny_scope, [classifier]).predict(TEXTS)]
    assert [one["label"] for one in answers] == [one.label for one in expected]
    assert len({one["label"] for one in answers}) > 1
    low_NC, high_NC = float32_scores(tiny_scope, classifier, TEXTS)
    scores_NC = [[one["scores"][label] for label in classifier.labels] for one in answers]
    assert ((low_NC <= scores_NC) & (scores_NC <= high_NC)).all()
    for one, verdict in zip(answers, expected, strict=True):
        shown = {(item["layer"], item["feature"]) for item in one["evidence"]}
        assert {(item.layer, item.feature) for item in verdict.evidence} <= shown


def test_node_refuses_a_graph_without_backbone(toxicity, tiny_scope, tmp_path, run_node):
    export_classifier(toxicity, tiny_scope, tmp_path / "it.onnx", ExportSettings(), TEXTS)
    with pytest.raises(AssertionError, match="--with-backbone"):
        run_node(tmp_path / "it.onnx", ["a"])


def test_node_judges_a_text_by_the_rules_of_its_language(toxicity, language, tiny_scope, tmp_path, run_node):
    never = replace(toxicity.default, cut=1.1)
    routed = replace(toxicity, by_lang={"de": never, "ru": toxicity.default})
    settings = ExportSettings(with_backbone=True)
    for classifier in (routed, language):
        export_classifier(classifier, tiny_scope, tmp_path / f"{classifier.name}.onnx", settings, TEXTS)
    options = ("--language", str(tmp_path / "language.onnx"))
    answers = run_node(tmp_path / "toxicity.onnx", TEXTS, *options)
    expected = [one["toxicity"] for one in Engine(tiny_scope, [routed, language]).predict(TEXTS)]
    assert [one["rule"] for one in answers] == [one.rule for one in expected]
    assert "de" in {one["rule"] for one in answers}
    assert [one["label"] for one in answers] == [one.label for one in expected]
