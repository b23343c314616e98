"""Features of the bundled classifiers of nano: rules of thresholds, log-odds and languages."""

from dataclasses import replace

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_service.engine.feature_list import list_features


@pytest.fixture(scope="module")
def domain():
    return Classifier.load("domain", "nano")


@pytest.fixture(scope="module")
def toxicity():
    return Classifier.load("toxicity", "nano")


def names(listed):
    return [(item["layer"], item["feature"]) for item in listed["features"]]


def test_the_largest_weights_of_the_label_come_first_whatever_their_sign(domain):
    listed = list_features(domain, "default", "sports", "", 0, 20)
    sizes = [abs(item["weight"]) for item in listed["features"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == max(abs(weight) for weight in domain.default.rules["sports"].weights)
    assert listed["total"] == len(domain.default.features)
    assert names(listed) != names(list_features(domain, "default", "law", "", 0, 20))


def test_parts_follow_one_another_without_gap_or_repetition(domain):
    whole = names(list_features(domain, "default", "law", "", 0, 200))
    parts = [names(list_features(domain, "default", "law", "", first, 50)) for first in (0, 50, 100, 150)]
    assert [place for part in parts for place in part] == whole
    assert len(set(whole)) == 200


def test_every_feature_comes_with_its_rates_and_the_histogram_of_its_card(domain):
    (item,) = list_features(domain, "default", "law", "", 0, 1)["features"]
    assert set(item["card"]) == {"rates", "by_lang", "histogram", "tokens"}
    assert set(item["card"]["rates"]) <= set(domain.labels)
    assert len(item["card"]["histogram"]["edges"]) == len(item["card"]["histogram"]["counts"]) + 1


def test_a_rule_of_thresholds_has_no_weights_and_a_language_its_own_features(toxicity):
    default = list_features(toxicity, "default", "toxic", "", 0, 50)
    assert {item["weight"] for item in default["features"]} == {None}
    assert names(default) == toxicity.default.feature_ids
    german = list_features(toxicity, "de", "toxic", "", 0, 1)
    assert german["total"] == len(toxicity.by_lang["de"].features)
    assert "de" in german["features"][0]["rules"]


def test_a_search_finds_names_given_names_tokens_and_places(domain):
    first = list_features(domain, "default", "law", "", 0, 1)["features"][0]
    place = f"{first['layer']}:{first['feature']}"
    token = first["card"]["tokens"][0][0]
    for search in (place, first["name"].upper(), token):
        assert (first["layer"], first["feature"]) in names(
            list_features(domain, "default", "law", search, 0, 200)
        )
    named = tuple(
        replace(item, given_name="Court of Law")
        if (item.layer, item.index) == names({"features": [first]})[0]
        else item
        for item in domain.default.features
    )
    renamed = replace(domain, default=replace(domain.default, features=named))
    (found,) = list_features(renamed, "default", "law", "court", 0, 200)["features"]
    assert found["given_name"] == "Court of Law"
    assert list_features(domain, "default", "law", "no such words", 0, 9)["total"] == 0


def test_another_version_keeps_the_cards_of_features_whose_thresholds_are_the_same(domain):
    moved = (replace(domain.default.features[0], threshold=1.25), *domain.default.features[1:])
    other = replace(domain, default=replace(domain.default, features=moved))
    assert other.version != domain.version
    cards = {
        (item["layer"], item["feature"]): item["card"]
        for first in (0, 200, 400)
        for item in list_features(other, "default", "law", "", first, 200)["features"]
    }
    changed = (moved[0].layer, moved[0].index)
    assert [place for place, card in cards.items() if card is None] == [changed]


def test_a_version_that_reads_texts_in_another_way_has_no_cards(domain):
    other = replace(domain, restore=True)
    assert list_features(other, "default", "law", "", 0, 1)["features"][0]["card"] is None
