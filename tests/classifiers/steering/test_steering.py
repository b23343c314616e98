"""Choice of features, controls, measurements and exports of a steering, on the bundled toy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.steering.choice import label_features, label_interventions
from scopesift_classifiers.steering.controls import along_random_features, flipped
from scopesift_classifiers.steering.cost import boosted_to_cost
from scopesift_classifiers.steering.export import directions, export
from scopesift_classifiers.steering.trial import (
    FLIPPED,
    NONE,
    RANDOM,
    STEERED,
    Trait,
    compare,
    distinct_pairs,
)
from scopesift_features.generating.hooks import gather
from scopesift_features.generating.intervention import BOOST, SUPPRESS, Intervention
from scopesift_features.generating.language_model import LanguageModel, Sampling
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

PROMPTS = ["The train to the city", "I think that"]
SHORT = Sampling(max_new_tokens=12)


@pytest.fixture(scope="module")
def scope():
    return Scope.load("nano", device="cpu")


@pytest.fixture(scope="module")
def language():
    return Classifier.load("language", "nano")


@pytest.fixture(scope="module")
def model(scope):
    return LanguageModel(scope)


def test_the_features_of_a_label_speak_for_it_the_strongest_first(language):
    found = label_features(language, "de", 5)
    decision = language.default
    places = [decision.feature_ids.index(feature) for feature in found]
    firing_1S = np.maximum(2 * decision.thresholds_S, 1).astype(np.float32)[None]
    weights = decision.contributions("de", firing_1S)[0]
    assert [weights[place] for place in places] == sorted(weights, reverse=True)[:5] == list(found.values())
    assert all(weights[place] > 0 for place in places)
    assert [str(one) for one in label_interventions(language, "de", BOOST, 4, 2)] == [
        f"{layer}:{index}=+4" for layer, index in list(found)[:2]
    ]


def test_features_can_be_of_some_layers_only(language):
    two = replace(
        language.default,
        features=tuple(
            replace(feature, layer=feature.layer + at % 2)
            for at, feature in enumerate(language.default.features)
        ),
    )
    language = replace(language, default=two)
    everywhere = label_features(language, "de", 1_000)
    layer = next(iter(everywhere))[0]
    own = label_features(language, "de", 1_000, layers=[layer])
    assert 0 < len(own) < len(everywhere)
    assert own == {feature: weight for feature, weight in everywhere.items() if feature[0] == layer}
    with pytest.raises(UsageError, match="speaks for 'de' in layers 99"):
        label_features(language, "de", 3, layers=[99])


def test_amounts_by_weight_are_in_proportion_and_the_strongest_features_is_the_one_given(language):
    weights = label_features(language, "de", 3)
    amounts = [one.amount for one in label_interventions(language, "de", BOOST, 4, 3, by_weight=True)]
    right = [4 * weight / max(weights.values()) for weight in weights.values()]
    assert amounts == pytest.approx(right, rel=1e-3)
    assert amounts[0] == 4 > amounts[1]


def test_a_boost_to_a_cost_raises_the_perplexity_by_that_or_a_little_less(model, scope, language):
    neutral = ["The cat sat on the mat.", "It rained all afternoon, so we stayed inside."]
    equal = label_interventions(language, "de", BOOST, 1.0, 3)
    plain = model.perplexity(neutral)
    for cost in (0.1, 0.5):
        boosts = boosted_to_cost(model, equal, neutral, cost)
        rise = model.perplexity(neutral, gather(scope, boosts)) / plain - 1
        assert 0.8 * cost < rise <= cost
        assert len({one.amount for one in boosts}) == 1
        assert [(one.layer, one.feature) for one in boosts] == [(one.layer, one.feature) for one in equal]


@pytest.mark.parametrize(
    ("boosts", "cost", "message"),
    [
        ([Intervention(3, 5, BOOST, 1.0)], 0.0, "must be above 0"),
        ([Intervention(3, 5, SUPPRESS)], 0.2, "only boosts"),
        ([Intervention(3, 5, BOOST, 0.0)], 0.2, "add nothing"),
    ],
)
def test_what_cannot_be_boosted_to_a_cost_is_refused(model, boosts, cost, message):
    with pytest.raises(UsageError, match=message):
        boosted_to_cost(model, boosts, ["The cat sat on the mat."], cost)


def test_an_unknown_label_is_refused_with_the_labels(language):
    with pytest.raises(UsageError, match="no label 'xx'; it has ar, de"):
        label_features(language, "xx", 3)


def test_controls_have_the_norms_of_the_steering_and_other_directions(scope, language):
    (change,) = gather(scope, label_interventions(language, "de", BOOST, 4, 3)[:1])
    (opposite,), (other,) = flipped([change]), along_random_features([change], 1)
    assert torch.equal(opposite.directions_SD, -change.directions_SD)
    torch.testing.assert_close(other.directions_SD.norm(dim=1), change.directions_SD.norm(dim=1))
    cosine = torch.cosine_similarity(other.directions_SD, change.directions_SD)
    assert float(cosine.abs().max()) < 0.9
    (same,), (another,) = along_random_features([change], 1), along_random_features([change], 2)
    assert torch.equal(same.directions_SD, other.directions_SD)
    assert not torch.equal(another.directions_SD, other.directions_SD)


def test_a_strong_boost_of_german_features_makes_german_more_likely_than_its_controls(model, scope, language):
    layers = {layer for layer, _ in label_features(language, "de", 4)}
    usual = {layer: model.residual_norm(layer, PROMPTS) for layer in layers}
    interventions = label_interventions(language, "de", BOOST, 1.0, 4)
    changes = gather(scope, interventions)
    size = min(usual[c.sae.layer] / float((c.amounts_S @ c.directions_SD).norm()) for c in changes)
    changes = gather(scope, label_interventions(language, "de", BOOST, size, 4))
    trait = Trait(Engine(scope, [language]), "language", "de")
    results = compare(model, PROMPTS, changes, ["The cat sat on the mat."], trait=trait, sampling=SHORT)
    assert [result.way for result in results] == [NONE, STEERED, FLIPPED, RANDOM]
    scores = {result.way: result.score for result in results}
    assert scores[STEERED] > max(scores[NONE], scores[FLIPPED])
    assert all(len(result.texts) == len(PROMPTS) and result.perplexity > 1 for result in results)


def test_without_a_trait_there_is_no_effect_to_report(model, scope):
    changes = gather(scope, [Intervention(scope.layers[0], 5, SUPPRESS)])
    results = compare(model, PROMPTS, changes, ["The cat sat."], sampling=SHORT, controls=False)
    assert [(result.way, result.rate, result.score) for result in results] == [
        (NONE, None, None),
        (STEERED, None, None),
    ]


@pytest.mark.parametrize(
    ("texts", "share"), [(["a b c"], 1.0), (["a b a b a"], 0.5), (["a b", "a b"], 0.5), (["a", ""], 1.0)]
)
def test_distinct_2_is_the_share_of_different_word_pairs(texts, share):
    assert distinct_pairs(texts) == share


@pytest.fixture
def boosts(scope):
    last = scope.layers[-1]
    return gather(scope, [Intervention(last, 5, BOOST, 2.0), Intervention(last, 9, BOOST, -1.0)])


def test_a_control_vector_is_the_sum_of_the_boosts_of_each_layer(scope, boosts, tmp_path):
    last = scope.layers[-1]
    W_dec_DF = scope.sae(last, decoder=True).W_dec_DF.float()
    right_D = 2 * W_dec_DF[:, 5] - W_dec_DF[:, 9]
    torch.testing.assert_close(directions(boosts)[last], right_D)
    export(tmp_path / "a.safetensors", scope, boosts, "boosts")
    (tensor,) = load_file(tmp_path / "a.safetensors").values()
    torch.testing.assert_close(tensor, right_D)


def test_the_gguf_file_is_what_llama_cpp_reads(scope, boosts, tmp_path):
    gguf = pytest.importorskip("gguf")
    path = tmp_path / "a.gguf"
    export(path, scope, boosts, "boosts")
    read = gguf.GGUFReader(path)
    assert bytes(read.fields["general.architecture"].parts[-1]) == b"controlvector"
    last = scope.layers[-1]
    assert [tensor.name for tensor in read.tensors] == [f"direction.{layer}" for layer in range(1, last + 1)]
    torch.testing.assert_close(torch.from_numpy(read.tensors[-1].data.copy()), directions(boosts)[last])
    assert not any(tensor.data.any() for tensor in read.tensors[:-1])


def test_what_a_control_vector_cannot_be_is_refused(scope, boosts, tmp_path):
    suppressed = gather(scope, [Intervention(scope.layers[0], 5, SUPPRESS)])
    for path, changes, message in (
        (tmp_path / "a.gguf", suppressed, "export boosts only"),
        (tmp_path / "a.gguf", gather(scope, [Intervention(scope.layers[0], 5, BOOST, 0)]), "add nothing"),
        (tmp_path / "a.bin", boosts, "must end in .gguf"),
    ):
        with pytest.raises(UsageError, match=message):
            export(path, scope, changes, "x")
        assert not path.exists()
