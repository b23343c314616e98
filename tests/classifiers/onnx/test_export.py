"""Exported classifiers end to end: files, verdicts, backbone, languages, hostile inputs, what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.onnx.encoders import choose_encoder
from scopesift_classifiers.onnx.export import ExportSettings, export_classifier
from scopesift_classifiers.onnx.file import check_model
from scopesift_classifiers.onnx.nodes.graph import OPSETS
from scopesift_classifiers.onnx.parity import Candidate, compare_with_torch
from scopesift_classifiers.onnx.rows import make_rows
from scopesift_classifiers.onnx.runtime import open_session
from scopesift_features.checks.scope import TEXTS as BUILT_IN_TEXTS
from scopesift_files.errors import ScopesiftError, UsageError

TEXTS = [
    "you idiot, shut up",
    "cat rain mat watched",
    "Das Wetter ist schön",
    "",
    "you idiot, shut up " * 30,  # several windows
    "\ud800 lone",
    "Сегодня хорошая погода",
    "a",
] * 2


def export(classifier, scope, folder, texts=TEXTS, **settings):
    return export_classifier(classifier, scope, folder / "it.onnx", ExportSettings(**settings), texts)


@pytest.fixture(scope="module", params=["toxicity", "language"])
def classifier(request):
    return request.getfixturevalue(request.param)


def on_thresholds(classifier, scope, float32_features):
    """How many activations are so near their threshold that rounding decides whether they fire."""
    features = classifier.default.features
    bounds = {layer: float32_features(scope, TEXTS, layer) for layer in {item.layer for item in features}}
    count = 0
    for item in features:
        low_N, high_N = (bound_NF[:, item.index] for bound_NF in bounds[item.layer])
        count += int(((low_N < item.threshold) & (item.threshold <= high_N)).sum())
    return count


def test_whoever_may_read_the_graph_may_read_its_weights(toxicity, tiny_scope, tmp_path):
    settings = ExportSettings(external_data=True)
    files = export_classifier(
        toxicity, tiny_scope, tmp_path / "it.onnx", settings, ["a cat", "an idiot"]
    ).files
    assert {file.suffix for file in files} == {".onnx", ".data", ".json"}
    assert len({file.stat().st_mode for file in files}) == 1


@pytest.mark.parametrize(
    "settings",
    [{"opset": opset} for opset in OPSETS]
    + [
        {"dtype": "fp16"},
        {"external_data": True},
        {"head": "selected"},
        {"int8": "dynamic"},
        {"int8": "static"},
        {"with_backbone": True},
    ],
    ids=str,
)
def test_every_kind_of_export_passes_the_checker_and_is_measured(
    classifier, tiny_scope, tmp_path, settings, float32_scores, float32_features
):
    done = export(classifier, tiny_scope, tmp_path, **settings)
    check_model(tmp_path / "it.onnx")
    assert done.disagreement.texts == len(TEXTS) // 2
    told = json.loads((tmp_path / "it.onnx.json").read_text())["export"]["disagreement"]
    assert told["verdict_rate"] == done.disagreement.rate
    if settings.get("head", "full") == "full" and "int8" not in settings and "dtype" not in settings:
        assert done.disagreement.verdicts == 0
        low_NC, high_NC = float32_scores(tiny_scope, classifier, TEXTS)
        assert done.disagreement.largest_score <= (high_NC - low_NC).max()
        assert done.disagreement.firings <= on_thresholds(classifier, tiny_scope, float32_features)


def test_verdicts_of_graph_and_engine_are_the_same_for_texts_of_any_length(
    classifier, tiny_scope, tmp_path, float32_scores
):
    export(classifier, tiny_scope, tmp_path, with_backbone=True)
    session = open_session(str(tmp_path / "it.onnx"))
    rows = make_rows(tiny_scope, TEXTS)
    label, scores_NC, tokens = session.run(["label", "scores", "tokens"], rows.feeds(None))
    answers = [answer[classifier.name] for answer in Engine(tiny_scope, [classifier]).predict(TEXTS)]
    names = [*classifier.labels, classifier.unknown]
    assert [names[at] for at in label] == [answer.label for answer in answers]
    low_NC, high_NC = float32_scores(tiny_scope, classifier, TEXTS)
    assert ((low_NC <= scores_NC) & (scores_NC <= high_NC)).all()
    for at, answer in enumerate(answers):
        for item in answer.evidence:
            row, place = divmod(
                int(tokens[at, classifier.features.index((item.layer, item.feature))]), rows.ids_BT.shape[1]
            )
            window = rows.windows[row]
            assert window.document == at
            assert (window.starts[place], window.ends[place]) == (item.start, item.end)


def test_padding_on_either_side_changes_no_verdict(toxicity, tiny_scope, tmp_path):
    export(toxicity, tiny_scope, tmp_path, with_backbone=True)
    session = open_session(str(tmp_path / "it.onnx"))
    rows = make_rows(tiny_scope, TEXTS[:3])
    right = session.run(["margins"], rows.feeds(None))[0]
    shifted = rows.feeds(None)
    for name in ("ids", "mask"):
        values = shifted[name]
        shifted[name] = np.concatenate([np.zeros((len(values), 4), np.int64), values], axis=1)
    np.testing.assert_allclose(session.run(["margins"], shifted)[0], right, rtol=1e-4, atol=1e-5)


def test_the_metadata_names_scope_version_and_features_and_holds_no_text(toxicity, tiny_scope, tmp_path):
    export(toxicity, tiny_scope, tmp_path, head="selected")
    model = onnx.load(tmp_path / "it.onnx")
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert properties["scopesift.scope.sha256"] == tiny_scope.fingerprint["sha256"]
    assert properties["scopesift.scope.id"] == "tiny"
    assert "scopesift.scope.sae_revision" in properties
    assert properties["scopesift.classifier.version"] == toxicity.version
    assert json.loads(properties["scopesift.features"]) == [list(feature) for feature in toxicity.features]
    assert json.loads(properties["scopesift.export.disagreement"])["texts"] == len(TEXTS) // 2
    content = model.SerializeToString() + (tmp_path / "it.onnx.json").read_bytes()
    assert not any(word.encode() in content for word in ("idiot", "Wetter", "watched"))


def test_a_language_of_its_own_uses_its_own_rule(tiny_scope, toxicity, tmp_path, float32_scores):
    never = replace(toxicity.default, cut=1.1)
    routed = replace(toxicity, by_lang={"de": never, "fr": toxicity.default})
    export(routed, tiny_scope, tmp_path)
    session = open_session(str(tmp_path / "it.onnx"))
    found = {
        route: compare_with_torch(tiny_scope, TEXTS, [Candidate("it", routed, session, route=route)])[0]
        for route in ("default", "de", "fr")
    }
    low_NC, high_NC = float32_scores(tiny_scope, toxicity, TEXTS)
    for one in found.values():
        assert one.verdicts == 0
        assert one.largest_score <= (high_NC - low_NC).max()
    assert set(found["de"].labels.values()) == {-1}
    assert set(found["fr"].labels.values()) == {-1, 0}


def test_a_residual_that_is_not_finite_refuses_its_own_document_only(toxicity, tiny_scope, tmp_path):
    export(toxicity, tiny_scope, tmp_path)
    session = open_session(str(tmp_path / "it.onnx"))
    rows = make_rows(tiny_scope, TEXTS[:3])
    feeds = rows.feeds(rows.residuals(tiny_scope, sorted({layer for layer, _ in toxicity.features})))
    sound = session.run(["label", "scores"], feeds)
    feeds[f"residual_{toxicity.deepest_layer}"][1, 2, 0] = np.nan
    label, scores = session.run(["label", "scores"], feeds)
    assert label[1] == -2
    assert np.isnan(scores[1]).all()
    np.testing.assert_array_equal(label[[0, 2]], sound[0][[0, 2]])
    np.testing.assert_array_equal(scores[[0, 2]], sound[1][[0, 2]])


@pytest.mark.parametrize("shape", [(0, 0), (0, 7), (2, 0), (1, 1)])
def test_empty_batches_and_single_tokens_have_answers(toxicity, tiny_scope, tmp_path, shape):
    for with_backbone in (False, True):
        export(toxicity, tiny_scope, tmp_path, with_backbone=with_backbone)
        session = open_session(str(tmp_path / "it.onnx"))
        feeds = {"mask": np.ones(shape, np.int64), "document": np.arange(shape[0])}
        if with_backbone:
            feeds["ids"] = np.ones(shape, np.int64)
        else:
            for layer in {layer for layer, _ in toxicity.features}:
                feeds[f"residual_{layer}"] = np.ones((*shape, tiny_scope.d_model), np.float32)
        scores, label = session.run(["scores", "label"], feeds)
        assert scores.shape == (shape[0], 1)
        assert np.isfinite(scores).all()
        assert label.shape == shape[:1]


def test_the_engine_gives_the_same_answers_with_onnx_runtime(tiny_scope, toxicity, language, float32_scores):
    plain = Engine(tiny_scope, [toxicity, language])
    other = Engine(tiny_scope, [toxicity, language], encoder=choose_encoder("onnx", "cpu"))
    bounds = {one.name: float32_scores(tiny_scope, one, TEXTS) for one in (toxicity, language)}
    for row, (one, two) in enumerate(zip(plain.predict(TEXTS), other.predict(TEXTS), strict=True)):
        for name in one:
            assert one[name].label == two[name].label
            low_C, high_C = (bound_NC[row] for bound_NC in bounds[name])
            scores_C = list(two[name].scores.values())
            assert ((low_C <= scores_C) & (scores_C <= high_C)).all()
            places = [(item.layer, item.feature, item.start, item.end) for item in one[name].evidence]
            assert [(item.layer, item.feature, item.start, item.end) for item in two[name].evidence] == places


def test_an_unknown_head_is_refused():
    with pytest.raises(UsageError, match="torch, onnx"):
        choose_encoder("tensorflow", "cpu")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"opset": 17}, "18, 19, 20"),
        ({"head": "half"}, "full, selected"),
        ({"dtype": "bf16"}, "fp32, fp16"),
        ({"int8": "both"}, "dynamic, static"),
        ({"int8": "static", "head": "selected"}, "full head"),
    ],
)
def test_impossible_choices_are_refused(settings, told):
    with pytest.raises(UsageError, match=told):
        ExportSettings(**settings)


def test_a_scope_that_cannot_write_texts_needs_some_for_the_selected_head(toxicity, tiny_scope, tmp_path):
    with pytest.raises(UsageError, match="--texts"):
        export(toxicity, tiny_scope, tmp_path, texts=None, head="selected")
    with pytest.raises(ScopesiftError, match="no tokens"):
        export(toxicity, tiny_scope, tmp_path, texts=["", "", ""], head="selected")
    assert list(tmp_path.iterdir()) == []


def test_without_texts_an_exact_export_is_measured_on_built_in_sentences(toxicity, tiny_scope, tmp_path):
    assert export(toxicity, tiny_scope, tmp_path, texts=None).disagreement.texts == len(BUILT_IN_TEXTS)
    told = json.loads((tmp_path / "it.onnx.json").read_text())["export"]["disagreement"]
    assert (told["texts"], told["source"]) == (len(BUILT_IN_TEXTS), "built-in sentences")


def test_a_folder_that_cannot_be_written_is_one_clear_error(toxicity, tiny_scope, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        export(toxicity, tiny_scope, tmp_path / "file")
