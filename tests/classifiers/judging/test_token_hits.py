from dataclasses import replace

import pytest
from scopesift_classifiers.artifact.rule import RuleFeature, feature_from_json
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.token_hits import token_hits

TEXT = "You  idiot, shut up. An idiot! The end, idiots"


@pytest.fixture(scope="module")
def engine(tiny_scope, toxicity, language):
    return Engine(tiny_scope, [toxicity, language])


def judged(engine, texts):
    return list(zip(texts, engine.predict(texts), strict=True))


def test_every_hit_reaches_the_threshold_and_the_strongest_is_the_evidences(engine):
    ((_, verdicts),) = pairs = judged(engine, [TEXT])
    (hits,) = token_hits(engine, pairs)
    assert hits.keys() == verdicts.keys()
    for name, verdict in verdicts.items():
        for item, own in zip(verdict.evidence, hits[name], strict=True):
            assert all(hit.activation >= item.threshold for hit in own)
            assert max(hit.activation for hit in own) == pytest.approx(item.activation, abs=1e-4)
            assert [hit.start for hit in own] == sorted(hit.start for hit in own)


def test_more_than_the_strongest_token_is_hit_and_words_have_no_blanks_or_punctuation_around(
    tiny_scope, toxicity
):
    low = tuple(replace(item, threshold=1e-6) for item in toxicity.default.features)
    eager = Engine(tiny_scope, [replace(toxicity, default=replace(toxicity.default, features=low))])
    text = f"{TEXT} {TEXT}"
    (hits,) = token_hits(eager, judged(eager, [text]))
    assert max(len(own) for own in hits["toxicity"]) > 1
    words = {text[hit.word_start : hit.word_end] for own in hits["toxicity"] for hit in own}
    assert all(word.isalnum() or len(word) == 1 for word in words)


def test_a_text_without_evidence_has_no_hits_and_every_text_gets_its_own(engine):
    texts = ["", TEXT, "idiot"]
    found = token_hits(engine, judged(engine, texts))
    assert not any(found[0].get("toxicity", []))
    for text, own in zip(texts, found, strict=True):
        assert all(hit.word_end <= len(text) for each in own.values() for items in each for hit in items)
    assert token_hits(engine, []) == []


def test_hits_of_a_restored_text_lie_in_the_original(tiny_scope, toxicity):
    restoring = Engine(tiny_scope, [replace(toxicity, restore=True)])
    text = "so an i d i o t, idiot"
    for own in token_hits(restoring, judged(restoring, [text])):
        for items in own["toxicity"]:
            assert all(0 <= hit.start < hit.end <= len(text) for hit in items)


def test_a_given_name_is_stored_and_shown_only_where_there_is_one(tiny_scope, toxicity):
    seeded = RuleFeature(3, 7, 1.5, "idiot · fool")
    assert feature_from_json(seeded.to_dict()) == seeded
    assert "given_name" not in seeded.to_dict()
    assert feature_from_json(replace(seeded, given_name="insults").to_dict()).given_name == "insults"
    features = tuple(replace(item, given_name="insults") for item in toxicity.default.features)
    named = replace(toxicity, default=replace(toxicity.default, features=features))
    ((_, verdicts),) = judged(Engine(tiny_scope, [named]), ["idiot"])
    assert {item["given_name"] for item in verdicts["toxicity"].to_dict()["evidence"]} == {"insults"}
