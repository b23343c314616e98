import random
from dataclasses import replace

import pytest
from scopesift_classifiers.judging.engine import Engine
from scopesift_files.errors import UsageError

TEXTS = ["you idiot, shut up", "cat rain mat", "Das Wetter ist schön", "Сегодня погода", "idiot"]


@pytest.fixture(scope="module")
def engine(tiny_scope, toxicity, language):
    return Engine(tiny_scope, [toxicity, language])


def test_evidence_points_at_the_characters_that_it_quotes(engine):
    for text, answer in zip(TEXTS, engine.predict(TEXTS), strict=True):
        for verdict in answer.values():
            for item in verdict.evidence:
                assert text[item.start : item.end] == item.text
                assert item.activation >= item.threshold


def test_flagged_means_that_enough_features_fire_and_are_shown(engine, toxicity):
    needed = toxicity.default.rules["toxic"].m
    verdicts = [answer["toxicity"] for answer in engine.predict(TEXTS)]
    assert [verdict.flagged for verdict in verdicts] == [
        len(verdict.evidence) >= needed for verdict in verdicts
    ]
    assert {verdict.flagged for verdict in verdicts} == {True, False}


def test_a_verdict_of_many_labels_names_the_three_likeliest_with_scores_and_one_of_two_labels_none(engine):
    for answer in engine.predict([*TEXTS, ""]):
        verdict = answer["language"]
        top = verdict.to_dict()["top_labels"]
        assert [item["label"] for item in top] == sorted(
            verdict.scores, key=verdict.scores.get, reverse=True
        )[:3]
        assert [item["score"] for item in top] == [round(verdict.scores[item["label"]], 4) for item in top]
        assert verdict.likeliest == top[0]["label"]
        if verdict.label != "und":
            assert (top[0]["label"], top[0]["score"]) == (verdict.label, round(verdict.score, 4))
        assert "top_labels" not in answer["toxicity"].to_dict()


def test_a_verdict_has_the_cut_of_the_likeliest_label_in_the_decision_that_was_used(engine):
    for answer in engine.predict([*TEXTS, ""]):
        for name, verdict in answer.items():
            decision = engine.classifiers[name].decision(verdict.rule)
            likeliest = verdict.likeliest
            assert verdict.cut == decision.cuts_C[list(decision.rules).index(likeliest)]
            if verdict.flagged is not None:
                assert verdict.flagged == (verdict.score >= verdict.cut)
            assert verdict.to_dict()["cut"] == round(verdict.cut, 4)


@pytest.mark.parametrize("max_tokens", [70, 200, 100000])
def test_verdicts_depend_neither_on_batch_size_nor_on_order(engine, max_tokens, tiny_scope, float32_scores):
    texts = TEXTS * 3 + ["you idiot " * 40, "", "mat"]
    order = list(range(len(texts)))
    random.Random(0).shuffle(order)
    plain = [engine.predict([text])[0] for text in texts]
    batched = engine.predict([texts[at] for at in order], max_tokens=max_tokens)
    bounds = {
        name: float32_scores(tiny_scope, classifier, texts) for name, classifier in engine.classifiers.items()
    }
    for place, at in enumerate(order):
        for name, verdict in plain[at].items():
            other = batched[place][name]
            assert (other.label, other.flagged) == (verdict.label, verdict.flagged)
            for column, label in enumerate(engine.classifiers[name].labels):
                low, high = (bound_NC[at, column] for bound_NC in bounds[name])
                assert low <= other.scores[label] <= high
            spans = [(item.layer, item.feature, item.start, item.end) for item in verdict.evidence]
            assert [(item.layer, item.feature, item.start, item.end) for item in other.evidence] == spans


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\x00", "\ud800 lone", "a" * 50_000, "word " * 5_000, "שלום عالم 世界", "😀👨‍👩‍👧", "\n\n\t"],
    ids=["empty", "blank", "nul", "surrogate", "one letter", "many words", "scripts", "emoji", "white"],
)
def test_every_text_gets_an_answer(engine, text):
    answer = engine.predict([text])[0]
    assert set(answer) == {"toxicity", "language"}
    assert 0 <= answer["toxicity"].score <= 1


def test_a_text_in_which_nothing_speaks_has_no_language(engine):
    assert engine.predict([""])[0]["language"].label == "und"
    assert engine.predict([""])[0]["language"].score == 0


def test_languages_are_told_apart(engine):
    labels = [
        answer["language"].label for answer in engine.predict(["Das Wetter ist schön", "Сегодня погода"])
    ]
    assert labels == ["de", "ru"]


def test_a_text_uses_the_rule_of_its_predicted_language(tiny_scope, toxicity, language):
    strict = replace(toxicity.default, cut=1.1)  # never flags
    routed = replace(toxicity, by_lang={"de": strict})
    both = Engine(tiny_scope, [routed, language])
    german, other = both.predict(["Das Wetter ist schön", "Сегодня погода"])
    assert german["toxicity"].rule == "de"
    assert german["toxicity"].flagged is False
    assert other["toxicity"].rule == "default"
    # without a language classifier there is nothing to route by
    assert Engine(tiny_scope, [routed]).predict(["Das Wetter ist schön"])[0]["toxicity"].rule == "default"


def test_two_classifiers_of_one_name_are_refused(tiny_scope, toxicity):
    with pytest.raises(UsageError, match="different names"):
        Engine(tiny_scope, [toxicity, toxicity])
