"""Traces on tiny scopes and the bundled toy."""

import numpy as np
import pytest
import torch
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.pages.tracing import write_trace
from scopesift_classifiers.tracing.language_switch import first_switch
from scopesift_classifiers.tracing.trace import trace_text, with_lens
from scopesift_features.generating.language_model import LanguageModel
from scopesift_features.generating.logit_lens import likelier_tokens
from scopesift_features.reading.active_tokens import read_active
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

GERMAN, ENGLISH = (
    "Der Zug kommt um acht Uhr aus der Stadt. ",
    "The train to the city was late again and nobody told us why.",
)


@pytest.fixture(scope="module")
def scope():
    return Scope.load("nano", device="cpu")


@pytest.fixture(scope="module")
def language():
    return Classifier.load("language", "nano")


@pytest.mark.parametrize("text", [GERMAN, "word " * 700, "日本語 and emoji 😀 and more"])
def test_the_maximum_over_a_traces_tokens_is_the_document_feature(scope, text):
    layer = scope.layers[-1]
    tokens = read_active(scope, text, [layer])
    found = np.zeros(scope.d_sae, np.float32)
    for token in tokens:
        indices, acts = token.features[layer]
        np.maximum.at(found, indices, acts)
        assert (np.diff(acts) <= 0).all()
    right = document_features(scope, [text], [layer]).acts[layer].toarray()[0]
    # a token that two windows share is read in the first only
    assert (found > 0).sum() <= (right > 0).sum()
    if len(tokens) < 100:
        np.testing.assert_allclose(found, right, rtol=1e-5)


def test_tokens_are_in_order_and_those_after_the_prompt_are_the_models(scope, language):
    trace = trace_text(scope, GERMAN + ENGLISH, len(GERMAN), layers=scope.layers, top=2, classifier=language)
    starts = [token.start for token in trace.tokens]
    assert starts == sorted(starts)
    assert all(token.generated == (token.start >= len(GERMAN)) for token in trace.tokens)
    assert all(len(token.features) <= 2 for token in trace.tokens)
    assert trace.label is None


def test_the_first_feature_and_the_first_verdict_of_a_label_are_told(scope, language):
    trace = trace_text(
        scope, GERMAN + ENGLISH, len(GERMAN), layers=scope.layers, top=3, classifier=language, label="de"
    )
    at = trace.first_feature
    assert any(one.weight > 0 for one in trace.tokens[at].features)
    assert not any(one.weight > 0 for token in trace.tokens[:at] for one in token.features)
    engine = Engine(scope, [language])
    ends = [trace.tokens[number].end for number in (trace.first_verdict, trace.first_verdict - 1)]
    said = [answer["language"].label for answer in engine.predict([trace.text[:end] for end in ends])]
    assert said[0] == "de"
    assert said[1] != "de"


def test_features_that_speak_for_the_label_come_first(scope, language):
    trace = trace_text(scope, ENGLISH, 0, layers=scope.layers, top=5, classifier=language, label="en")
    for token in trace.tokens:
        speaks = [one.weight > 0 for one in token.features]
        assert speaks == sorted(speaks, reverse=True)


def test_an_unknown_label_is_refused(scope, language):
    with pytest.raises(UsageError, match="no label 'xx'"):
        trace_text(scope, ENGLISH, 0, layers=scope.layers, top=1, classifier=language, label="xx")


def test_the_lens_is_the_largest_logit_effect_of_the_decoder_column(scope):
    model = LanguageModel(scope)
    layer = scope.layers[-1]
    found = likelier_tokens(model, [(layer, 5)], 3)
    effect_V = (
        model.model.get_output_embeddings().weight @ scope.sae(layer, decoder=True).W_dec_DF[:, 5].float()
    )
    right = [scope.tokenizer.decode([id_]) for id_ in torch.argsort(effect_V, descending=True)[:3].tolist()]
    assert found == {(layer, 5): right}


def test_a_switch_of_language_is_found_behind_the_prompt_only(scope, language):
    engine = Engine(scope, [language])
    text = GERMAN + ENGLISH
    switch = first_switch(engine, text, 10)
    assert (switch.before, switch.after) == ("de", "en")
    assert abs(switch.start - len(GERMAN)) <= 1
    assert first_switch(engine, GERMAN * 2, 10) is None
    assert first_switch(engine, text, len(text)) is None


def test_the_page_escapes_what_it_shows_and_fetches_nothing(scope, language, tmp_path):
    text = "<script>alert(1)</script> " + ENGLISH
    trace = trace_text(scope, text, 8, layers=scope.layers, top=2, classifier=language, label="en")
    path = tmp_path / "trace.html"
    write_trace(path, "nano", with_lens(trace, {}))
    page = path.read_text()
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "A feature first speaks for it" in page
