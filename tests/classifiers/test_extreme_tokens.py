"""A token of extreme norm in the middle of a text moves neither verdict nor evidence, whatever runs the classifier."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.onnx.encoders import choose_encoder
from scopesift_classifiers.onnx.export import ExportSettings, export_classifier
from scopesift_classifiers.transfer.transfer import TransferSettings, transfer
from scopesift_features.backbone.cut import Backbone
from scopesift_features.reading.per_token import read_tokens
from scopesift_features.reading.torch_reader import TorchReader
from scopesift_features.scope import Scope

SINK = " vaccine"
TEXTS = [
    "cat rain vaccine mat you idiot, shut up watched",
    "cat sat on the vaccine mat and rain",
    "you idiot, shut up vaccine cat",
    "Das Wetter ist vaccine heute schön",
]


@pytest.fixture(scope="module")
def scope(tiny_scope_folder):
    scope = Scope.load(tiny_scope_folder, device="cpu")
    scope.settings = replace(scope.settings, norm_limit=10.0)
    return scope


@pytest.fixture(scope="module", params=["greedy", "linear"])
def classifier(request, scope, insults):
    return fit_classifier(
        "toxicity", scope, insults(160, 1), insults(80, 2), FitSettings(preset=request.param)
    )


@pytest.fixture
def sink(scope, monkeypatch):
    """Makes the residual of one word so many times as long, wherever it stands."""
    ((ids, _),) = scope.tokenizer.encode([SINK], offsets=False)
    ids_I = torch.tensor(ids.tolist())
    real = Backbone.residuals

    def blow_up(factor):
        def blown_up(self, ids_BT, mask_BT, layers, **named):
            found = real(self, ids_BT, mask_BT, layers, **named)
            factor_BT1 = torch.where(torch.isin(ids_BT, ids_I), factor, 1.0)[..., None]
            return {layer: x_BTD * factor_BT1 for layer, x_BTD in found.items()}

        monkeypatch.setattr(Backbone, "residuals", blown_up)

    return blow_up


def maxima_without_the_word(scope, engine):
    """Activations `[N, S]` of the engine's features over the tokens that are not the word, by each token's residual."""
    features = [replace(feature, norm_bound=np.inf) for feature in engine.features]
    readings = read_tokens(TorchReader(scope, features), TEXTS)
    others = [
        [text[start:end] not in SINK for start, end in zip(own.starts_T, own.ends_T, strict=True)]
        for text, own in zip(TEXTS, readings, strict=True)
    ]
    return np.stack([own.acts_TS[kept].max(axis=0) for own, kept in zip(readings, others, strict=True)])


def said(verdicts):
    """Labels, and where the evidence stands."""
    return [
        (one.label, [(item.layer, item.feature, item.start, item.end) for item in one.evidence])
        for one in (answer["toxicity"] for answer in verdicts)
    ]


@pytest.mark.parametrize("head", ["torch", "onnx"])
def test_verdict_and_evidence_are_those_of_the_other_tokens(scope, classifier, sink, head):
    pytest.importorskip("onnxruntime")
    engine = Engine(scope, [classifier], encoder=choose_encoder(head, "cpu"))
    expected = engine.answers(maxima_without_the_word(scope, engine), engine.forms(TEXTS))["toxicity"]
    assert set(expected.label_N) == {"toxic", "clean"}
    unlimited = Engine(scope, [replace(classifier, norm_bounds={})], encoder=engine.backend.encoder)
    found, read_anyway = [], []
    for factor in (100.0, 1000.0):
        sink(factor)
        found.append(engine.predict(TEXTS))
        read_anyway.append(unlimited.predict(TEXTS))
        without_places = engine.answers(
            engine.reader.without_places().read(TEXTS).acts_NS, engine.forms(TEXTS)
        )["toxicity"]
        assert without_places.label_N == expected.label_N
    for verdicts in found:
        own = [answer["toxicity"] for answer in verdicts]
        assert [one.label for one in own] == expected.label_N
        assert [one.score for one in own] == pytest.approx(expected.score_N.tolist(), abs=1e-3)
        assert not any("vaccine" in item.word for one in own for item in one.evidence)
    assert said(found[0]) == said(found[1])
    assert any("vaccine" in item.word for one in read_anyway[0] for item in one["toxicity"].evidence)


def test_classifiers_with_other_bounds_share_an_engine(scope, classifier, sink):
    unlimited = replace(classifier, name="unlimited", norm_bounds={})
    sink(1000.0)
    together = Engine(scope, [classifier, unlimited]).predict(TEXTS)
    alone = [Engine(scope, [one]).predict(TEXTS) for one in (classifier, unlimited)]
    for row, answer in enumerate(together):
        assert answer["toxicity"] == alone[0][row]["toxicity"]
        assert answer["unlimited"] == alone[1][row]["unlimited"]


@pytest.mark.parametrize("settings", [{}, {"head": "selected"}, {"int8": "dynamic"}], ids=str)
def test_an_exported_head_leaves_extreme_tokens_out_too(scope, classifier, sink, tmp_path, settings, insults):
    pytest.importorskip("onnxruntime")
    sink(1000.0)
    texts = [f"{text} vaccine {text}" for text in insults(40, 9).texts]
    plain = export_classifier(classifier, scope, tmp_path / "it.onnx", ExportSettings(), texts)
    assert plain.disagreement.verdicts == 0
    assert plain.disagreement.largest_score < 1e-4
    found = export_classifier(classifier, scope, tmp_path / "it.onnx", ExportSettings(**settings), texts)
    assert found.disagreement.rate <= 0.1


@pytest.mark.parametrize("classifier", ["linear"], indirect=True)
def test_a_graph_with_its_backbone_leaves_them_out_too(scope, classifier, tmp_path, insults):
    """The word is blown up in the embedding, since the graph holds the weights."""
    pytest.importorskip("onnxruntime")
    texts = [f"{text} vaccine {text}" for text in insults(40, 9).texts]
    ((ids, _),) = scope.tokenizer.encode([SINK], offsets=False)
    embedding = scope.backbone(classifier.deepest_layer).model.get_input_embeddings().weight
    row = embedding[ids.tolist()].clone()
    try:
        embedding[ids.tolist()] = 1000 * row
        bare = replace(classifier, norm_bounds={})
        within, read_anyway = (Engine(scope, [one]).reader.read(texts).acts_NS for one in (classifier, bare))
        assert (read_anyway > 10 * within.max()).any()
        found = export_classifier(
            classifier, scope, tmp_path / "it.onnx", ExportSettings(with_backbone=True), texts
        )
    finally:
        embedding[ids.tolist()] = row
    assert found.disagreement.verdicts == 0


def test_the_artifact_holds_the_bounds_of_its_fit(scope, classifier, tmp_path):
    assert set(classifier.norm_bounds) == set(scope.layers)
    classifier.save(tmp_path / "it.json")
    loaded = Classifier.load(tmp_path / "it.json")
    assert loaded.norm_bounds == classifier.norm_bounds
    assert loaded.bind(scope).norm_bounds == classifier.norm_bounds
    other = replace(classifier, norm_bounds=dict.fromkeys(scope.layers, 1.0))
    assert other.version != classifier.version


def test_an_artifact_without_bounds_is_written_as_before(toxicity):
    assert "norm_bounds" not in toxicity.to_json()


def test_transfer_reads_within_the_classifiers_bounds(scope, classifier, sink, insults, monkeypatch):
    read = []
    real = Scope.with_bounds
    monkeypatch.setattr(
        Scope, "with_bounds", lambda self, bounds: (read.append(bounds), real(self, bounds))[1]
    )
    found = transfer(classifier, scope, insults(40, 5), "fr", settings=TransferSettings())
    assert read == [classifier.norm_bounds]
    assert found.classifier.norm_bounds == classifier.norm_bounds


def test_the_cache_keeps_readings_with_other_bounds_apart(scope, classifier, sink, tmp_path):
    sink(1000.0)
    cache = FeatureCache(tmp_path)
    within = cache.document_features(classifier.bind(scope), TEXTS, scope.layers).acts
    unlimited = cache.document_features(scope, TEXTS, scope.layers).acts
    again = cache.document_features(classifier.bind(scope), TEXTS, scope.layers).acts
    for layer in scope.layers:
        np.testing.assert_array_equal(within[layer].toarray(), again[layer].toarray())
        assert (within[layer] != unlimited[layer]).nnz
