"""Feature cards: counted rates, single tokens, no sentence, and never those of another version."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.feature_cards import (
    FeatureCard,
    make_cards,
    read_cards,
    selected_features,
    write_cards,
)
from scopesift_features.reading.selected_reading import Places, SelectedReading
from scopesift_features.reading.torch_reader import read_selected
from scopesift_files.errors import InputError


@pytest.fixture(scope="module")
def data(insults):
    rows = insults(60, 7)
    return replace(rows, langs=["en" if row % 3 else "de" for row in range(60)])


@pytest.fixture(scope="module")
def cards(toxicity, tiny_scope, data):
    return make_cards(toxicity, tiny_scope, data)


def test_rates_are_shares_of_the_classes_and_languages_that_fire(cards, toxicity, tiny_scope, data):
    reading = read_selected(tiny_scope, data.texts, toxicity.features)
    labels, langs = np.array(data.labels), np.array(data.langs)
    for column, card in enumerate(cards):
        assert (card.layer, card.feature) == toxicity.features[column]
        acts_N = reading.acts_NS[:, column]
        fires_N = (acts_N >= card.threshold) & (acts_N > 0)
        for name in ("toxic", "clean"):
            assert card.rates.get(name, 0) == pytest.approx(fires_N[labels == name].mean(), abs=0.005)
        assert card.by_lang.get("de", 0) == pytest.approx(fires_N[langs == "de"].mean(), abs=0.005)
        assert sum(card.counts) == (acts_N > 0).sum()
        assert len(card.edges) == len(card.counts) + 1


def test_a_card_holds_no_sentence(cards, data):
    text = json.dumps([card.to_dict() for card in cards])
    assert not any(sentence in text for sentence in data.texts)
    assert max(len(token) for card in cards for token, _ in card.tokens) < 20


def test_tokens_of_a_single_document_are_left_out(toxicity, tiny_scope):
    column = 0
    item = selected_features(toxicity)[column]
    acts = np.zeros((3, len(toxicity.features)), np.float32)
    acts[:, column] = item.threshold + 1
    starts = np.zeros_like(acts, dtype=np.int64)
    reading = SelectedReading(acts, Places(starts, starts + 3))
    rows = LabelledText(["foo", "foo", "bar"], ["toxic", "toxic", "clean"], [None] * 3, [None] * 3)
    card = make_cards(toxicity, tiny_scope, rows, reading=reading)[column]
    assert card.tokens == (("foo", 0.667),)
    assert card.by_lang == {}


@pytest.mark.parametrize("name", ["cards.json", "cards.json.gz"])
def test_cards_survive_their_file_and_take_the_artifacts_names(cards, toxicity, tmp_path, name):
    path = tmp_path / name
    write_cards(path, toxicity, cards)
    stored = read_cards(path, toxicity)
    assert stored == {(card.layer, card.feature): card for card in cards}
    renamed = tuple(replace(item, label="rude words") for item in toxicity.default.features)
    edited = replace(toxicity, default=replace(toxicity.default, features=renamed))
    assert edited.version == toxicity.version
    assert {card.label for card in read_cards(path, edited).values()} == {"rude words"}


def test_cards_of_another_version_are_not_used(cards, toxicity, tmp_path):
    write_cards(tmp_path / "cards.json", toxicity, cards)
    other = replace(toxicity, default=replace(toxicity.default, cut=0.123))
    assert read_cards(tmp_path / "cards.json", other) == {}


def test_a_damaged_file_of_cards_is_one_clear_error(cards, toxicity, tmp_path):
    (tmp_path / "cards.json").write_text("{")
    with pytest.raises(InputError, match=r"cards\.json"):
        read_cards(tmp_path / "cards.json", toxicity)
    write_cards(tmp_path / "cards.json.gz", toxicity, cards)
    (tmp_path / "cards.json.gz").write_bytes((tmp_path / "cards.json.gz").read_bytes()[:-9])
    with pytest.raises(InputError, match=r"cards\.json\.gz"):
        read_cards(tmp_path / "cards.json.gz", toxicity)
    with pytest.raises(InputError, match="make them again"):
        FeatureCard.from_dict({**cards[0].to_dict(), "histogram": 3})


def test_a_feature_that_only_a_language_uses_has_a_card_at_that_languages_threshold(toxicity):
    item = toxicity.default.features[0]
    own = replace(item, index=(item.index + 1) % 128, threshold=3.0)
    both = replace(
        toxicity, by_lang={"de": replace(toxicity.default, features=(replace(item, threshold=9.0), own))}
    )
    found = {(one.layer, one.index): one.threshold for one in selected_features(both)}
    assert found[own.layer, own.index] in (3.0, *(f.threshold for f in toxicity.default.features))
    assert found[item.layer, item.index] == item.threshold
