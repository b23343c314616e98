"""The scope nano and its classifiers, whatever their numbers are today."""

import inspect
from dataclasses import replace
from importlib import import_module

import pytest
from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.measuring.feature_cards import bundled_cards
from scopesift_features.catalogue.table import DEFAULT_SCOPE, bundled_folder
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

NAMES = ("domain", "language", "toxicity")


@pytest.fixture(scope="module")
def nano():
    return Scope.load("nano", device="cpu")


@pytest.fixture(scope="module")
def engine(nano):
    return Engine(nano, [Classifier.load(name, "nano") for name in NAMES])


def test_the_three_classifiers_belong_to_the_bundled_scope(engine):
    assert set(bundled_classifiers("nano")) == set(NAMES)
    assert set(engine.versions) == set(NAMES)


def test_a_bundled_name_means_the_classifier_of_the_scope_that_is_named():
    for name in NAMES:
        assert Classifier.load(name, "nano").scope["id"] == "nano"
    with pytest.raises(UsageError, match="one of those bundled with tiny: none"):
        Classifier.load("toxicity", "tiny")
    with pytest.raises(UsageError, match=f"bundled with {DEFAULT_SCOPE}: .*toxicity"):
        Classifier.load("toxxicity")


def test_no_commands_scope_is_written_out_beside_the_one_that_says_which_is_the_default():
    from scopesift_service.settings import ServiceSettings

    from scopesift.command_table import ENTRIES

    assert ServiceSettings().scope == DEFAULT_SCOPE
    members = {
        entry.name: getattr(import_module(f"scopesift.commands.{entry.module}"), entry.member)
        for entry in ENTRIES
    }
    defaults = {
        name: inspect.signature(member).parameters["scope"].default
        for name, member in members.items()
        if inspect.isfunction(member) and "scope" in inspect.signature(member).parameters
    }
    assert {"classify", "fit", "explain", "filter", "evaluate", "transfer", "export-onnx"} <= set(defaults)
    # `trace` wants to be told: the default is an encoder, and what it writes is half of a trace
    assert defaults.pop("trace") is inspect.Parameter.empty
    assert set(defaults.values()) == {DEFAULT_SCOPE, None}


def test_cards_come_with_the_classifier_of_their_own_scope():
    for name in NAMES:
        classifier = Classifier.load(name, "nano")
        assert set(bundled_cards(classifier)) == set(classifier.features)
        assert bundled_cards(replace(classifier, scope={**classifier.scope, "id": "tiny"})) == {}


def test_every_layer_has_an_sae_and_exactly_k_active(nano):
    import torch

    generator = torch.Generator().manual_seed(0)
    for layer in range(nano.n_layers):
        sae = nano.sae(layer)
        assert sae.W_enc_FD.shape == (nano.d_sae, nano.d_model)
        assert sae.encode(torch.randn(4, nano.d_model, generator=generator) * 8).values_TK.shape == (
            4,
            nano.k,
        )


def test_one_word_has_features_and_a_verdict(engine):
    answer = engine.predict(["Idiot"])[0]
    assert set(answer) == set(NAMES)
    assert answer["toxicity"].flagged in (True, False)


def what_is_said(answer):
    """Labels and evidence without numbers: rounding depends on the batch, and a steep calibration magnifies it."""
    return {
        name: (
            verdict.label,
            verdict.flagged,
            {(e.layer, e.feature, e.start, e.end) for e in verdict.evidence},
        )
        for name, verdict in answer.items()
    }


def test_order_and_company_of_texts_do_not_change_verdicts(engine):
    texts = ["Idiot", "Die Sonne scheint heute.", "The court heard the appeal. " * 30, "", "今日は暑いです。"]
    alone = [what_is_said(engine.predict([text])[0]) for text in texts]
    together = [what_is_said(answer) for answer in engine.predict(texts)]
    backwards = [what_is_said(answer) for answer in engine.predict(texts[::-1], max_tokens=130)][::-1]
    assert alone == together == backwards


def test_the_bundle_keeps_its_size():
    sizes = [path.stat().st_size for path in bundled_folder("nano").rglob("*") if path.is_file()]
    assert sum(sizes) <= 26 * 2**20
    assert max(sizes) <= 15 * 2**20


def test_measured_quality_ships_with_every_classifier_and_shows_the_baselines():
    for name in NAMES:
        quality = Classifier.load(name, "nano").quality["test"]
        assert quality["n"] > 0
        assert all(
            quality["baselines"][baseline] for baseline in ("mean_difference", "linear_probe", "tfidf")
        )


def test_rules_of_single_languages_judge_their_texts_without_being_asked_for(nano):
    from scopesift import Classifier as WithScope
    from scopesift.commands.choices import load_engine

    text = "Der Zug nach Hamburg kommt heute um acht Uhr an."
    assert WithScope.load("toxicity", scope=nano).predict([text])[0].rule == "de"
    assert WithScope.load("toxicity", "nano").predict([text])[0].rule == "de"
    assert load_engine("nano", ["toxicity"], "cpu").predict([text])[0]["toxicity"].rule == "de"
