"""Encoders as ONNX graphs, token ids in: verdicts of the engine, suffixes left out, what cannot be exported."""

import json

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.onnx.export import ExportSettings, export_classifier
from scopesift_classifiers.onnx.nodes.backbone import add_backbone
from scopesift_classifiers.onnx.nodes.graph import OPSETS, OnnxGraph
from scopesift_classifiers.onnx.rows import make_rows
from scopesift_classifiers.onnx.runtime import open_session
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError

TEXTS = [
    "you idiot, shut up",
    "cat rain mat watched",
    "Das Wetter ist schön",
    "",
    "you idiot, shut up " * 30,  # several windows
    "[SEP] \ud800 lone [CLS]",
    "Сегодня хорошая погода",
    "a",
    "\u200b",  # no token
]


@pytest.fixture(scope="module", params=["bert", "roberta"])
def scope(request, tmp_path_factory, write_encoder_scope):
    return Scope.load(
        write_encoder_scope(tmp_path_factory.mktemp("scopes") / request.param, kind=request.param)
    )


@pytest.fixture(scope="module")
def classifier(scope, insults):
    return fit_classifier("toxicity", scope, insults(160, 1), insults(80, 2), FitSettings())


@pytest.mark.parametrize(
    "settings", [{"opset": opset} for opset in OPSETS] + [{"dtype": "fp16"}, {"external_data": True}], ids=str
)
def test_every_kind_of_export_with_backbone_passes_the_checker_and_is_measured(
    classifier, scope, tmp_path, settings, float32_scores
):
    path = tmp_path / "it.onnx"
    done = export_classifier(classifier, scope, path, ExportSettings(with_backbone=True, **settings), TEXTS)
    assert done.disagreement.texts == len(TEXTS) // 2
    if "dtype" not in settings:
        assert (done.disagreement.verdicts, done.disagreement.firings) == (0, 0)
        low_NC, high_NC = float32_scores(scope, classifier, TEXTS)
        assert done.disagreement.largest_score <= (high_NC - low_NC).max()


def test_verdicts_and_evidence_from_token_ids_are_the_engines(classifier, scope, tmp_path, float32_scores):
    export_classifier(classifier, scope, tmp_path / "it.onnx", ExportSettings(with_backbone=True), TEXTS)
    rows = make_rows(scope, TEXTS)
    assert any(window is None for window in rows.windows)
    assert len(rows.windows) > len(TEXTS)
    session = open_session(str(tmp_path / "it.onnx"))
    label, scores_NC, tokens = session.run(["label", "scores", "tokens"], rows.feeds(None))
    answers = [answer["toxicity"] for answer in Engine(scope, [classifier]).predict(TEXTS)]
    names = [*classifier.labels, classifier.unknown]
    assert [names[at] for at in label] == [answer.label for answer in answers]
    assert {answer.label for answer in answers} == {"toxic", "clean"}
    low_NC, high_NC = float32_scores(scope, classifier, TEXTS)
    assert ((low_NC <= scores_NC) & (scores_NC <= high_NC)).all()
    for at, answer in enumerate(answers):
        for item in answer.evidence:
            feature = classifier.features.index((item.layer, item.feature))
            row, place = divmod(int(tokens[at, feature]), rows.ids_BT.shape[1])
            window = rows.windows[row]
            assert (window.document, window.starts[place]) == (at, item.start)


def test_padding_on_either_side_changes_no_residual(scope):
    """Positions count tokens; a consumer that pads on the left gets the same answers."""
    graph = OnnxGraph("residuals")
    residuals, keep_BT = add_backbone(graph, scope, [0, 3], "fp32")
    graph.output(residuals[0], "first", np.float32, None)
    graph.output(residuals[3], "last", np.float32, None)
    graph.output(keep_BT, "keep", np.bool_, None)
    session = open_session(graph.model(OPSETS[0], {}).SerializeToString())
    rows = make_rows(scope, [TEXTS[0], TEXTS[2]])
    exact = rows.residuals(scope, [0, 3])
    for left, right in ((0, 0), (3, 0), (0, 3)):
        ids_BT, mask_BT = (
            np.pad(values, ((0, 0), (left, right)), constant_values=0)
            for values in (rows.ids_BT, rows.mask_BT)
        )
        first, last, keep = session.run(["first", "last", "keep"], {"ids": ids_BT, "mask": mask_BT})
        assert np.array_equal(keep, np.pad(rows.keep_BT > 0, ((0, 0), (left, right))))
        for found, layer in ((first, 0), (last, 3)):
            expected_TD = exact[layer][rows.mask_BT > 0]
            # what float32 sums of 64 terms, nine a block, can be off by on either side
            share = 2 * 9 * (layer + 1) * 64 * 2.0**-24
            off_T = np.linalg.norm(found[mask_BT > 0] - expected_TD, axis=1)
            assert (off_T <= share * np.linalg.norm(expected_TD, axis=1)).all()


def test_the_description_says_what_stands_around_every_window(classifier, scope, tmp_path):
    export_classifier(classifier, scope, tmp_path / "it.onnx", ExportSettings(with_backbone=True), TEXTS)
    reading = json.loads((tmp_path / "it.onnx.json").read_text())["reading"]
    assert (reading["prefix_ids"], reading["suffix_ids"]) == ([2], [3])


@pytest.mark.parametrize("shape", [(0, 0), (0, 7), (2, 0), (1, 1), (1, 2)])
def test_empty_batches_and_rows_without_text_have_answers(classifier, scope, tmp_path, shape):
    export_classifier(classifier, scope, tmp_path / "it.onnx", ExportSettings(with_backbone=True), TEXTS)
    session = open_session(str(tmp_path / "it.onnx"))
    ones = np.ones(shape, np.int64)
    feeds = {"ids": ones, "mask": ones, "document": np.arange(shape[0])}
    maxima, label = session.run(["maxima", "label"], feeds)
    assert label.shape == shape[:1]
    assert not maxima.any()  # at most prefix and suffix, which count for nothing


@pytest.mark.parametrize(
    "change", [{"hidden_act": "relu"}, {"is_decoder": True}, {"model_type": "electra", "embedding_size": 32}]
)
def test_what_cannot_be_exported_with_its_backbone_says_so(scope, tmp_path, change):
    import shutil

    folder = shutil.copytree(scope.folder, tmp_path / "other")
    config = folder / "backbone" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    with pytest.raises(ScopeError, match=r"cannot be exported: only e5, BERT, .*without --with-backbone"):
        add_backbone(OnnxGraph("it"), Scope.load(folder, device="cpu"), [0], "fp32")
