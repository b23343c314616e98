import random
from dataclasses import replace

import numpy as np
import pytest
from scopesift_classifiers.fitting.fit import read_table
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.rule_search.greedy import GreedySettings
from scopesift_classifiers.studies.learning_curve import (
    draw,
    learning_curve,
    predicted_languages,
    read_language,
)
from scopesift_classifiers.studies.transfer_matrix import summarise, transfer_matrix
from scopesift_classifiers.studies.transfer_reasons import explain_transfer, latin_letters, transfer_facts
from scopesift_classifiers.transfer.transfer import TransferSettings

QUICK = TransferSettings(folds=2, greedy=GreedySettings(candidates=20, max_features=1, at_least=(1,)))


@pytest.fixture(scope="module")
def rows(tiny_scope, toxicity, language, insults):
    return read_language(toxicity, language, tiny_scope, "de", insults(60, 5), insults(40, 6))


@pytest.fixture(scope="module")
def curve(toxicity, rows):
    return learning_curve(toxicity, rows, shares=(0.02, 0.5, 1.0), draws=2, settings=QUICK)


def test_a_share_takes_the_same_part_of_each_label_whatever_the_row_order(insults):
    train = insults(60, 5)
    order = random.Random(0).sample(range(60), 60)
    taken = draw(train, 0.2, seed=3)
    labels = [train.labels[row] for row in taken]
    assert (labels.count("toxic"), labels.count("clean")) == (6, 6)
    mixed = train.select(order)
    assert {mixed.texts[row] for row in draw(mixed, 0.2, seed=3)} == {train.texts[row] for row in taken}
    assert set(draw(train, 0.2, seed=4)) != set(taken)


def test_all_rows_are_drawn_once_and_shares_with_too_few_are_left_out(curve):
    assert list(curve["few"]) == ["0.5", "1"]
    assert len(curve["few"]["0.5"]["macro_f1"]) == 2
    assert len(curve["few"]["1"]["macro_f1"]) == 1
    assert curve["full"]["macro_f1"] == curve["few"]["1"]["macro_f1"][0]


def test_the_curve_shows_what_the_chosen_strategy_gives(curve):
    point = curve["few"]["0.5"]
    for place, name in enumerate(point["chosen"]):
        assert point["macro_f1"][place] == point["strategies"][name]["macro_f1"][place]
    assert len(point["tfidf"]["balanced_accuracy"]) == 2


def test_texts_of_another_predicted_language_get_the_default_rule(toxicity, rows):
    nowhere = replace(rows, routed_N=np.zeros(len(rows.test), dtype=bool))
    curve = learning_curve(toxicity, nowhere, shares=(1.0,), draws=1, settings=QUICK)
    for strategy in curve["few"]["1"]["strategies"].values():
        assert strategy["macro_f1"] == [curve["zero_shot"]["macro_f1"]]


def test_languages_from_a_table_are_those_of_the_engine(tiny_scope, language, languages, float32_scores):
    texts = languages(12, 8).texts
    verdicts = [one["language"] for one in Engine(tiny_scope, [language]).predict(texts)]
    found = predicted_languages(language, read_table(tiny_scope, texts))
    assert found.label_N == [verdict.label for verdict in verdicts]
    low_NC, high_NC = float32_scores(tiny_scope, language, texts)
    for row, (code, score) in enumerate(zip(found.label_N, found.score_N, strict=True)):
        column = language.labels.index(code)
        assert low_NC[row, column] <= score <= high_NC[row, column]


def test_the_matrix_has_every_language_under_every_key(tiny_scope, toxicity, insults):
    data = {"de": (insults(40, 5), insults(20, 6)), "fr": (insults(40, 7), insults(20, 8))}
    found = transfer_matrix(toxicity, None, tiny_scope, data, shares=(0.1, 1.0), draws=2, settings=QUICK)
    assert found["languages"] == ["de", "fr"]
    for key in ("zero_shot", "few", "full", "why", "facts", "routed", "train_rows", "test_rows"):
        assert list(found[key]) == ["de", "fr"]
    assert found["routed"] == {"de": 1.0, "fr": 1.0}


def point(own, words):
    numbers = {"macro_f1": own, "balanced_accuracy": own}
    return {**numbers, "strategies": {"a": numbers}, "tfidf": {"macro_f1": words, "balanced_accuracy": words}}


def test_kept_is_the_share_of_what_all_labels_give_over_chance():
    few_good = {"0.1": point([0.64, 0.66], [0.6]), "1": point([0.7], [0.7])}
    few_weak = {"0.1": point([0.55], [0.5]), "1": point([0.59], [0.7])}
    curves = {
        "good": {"full": {"balanced_accuracy": 0.7}, "few": few_good},
        "weak": {"full": {"balanced_accuracy": 0.59}, "few": few_weak},
    }
    found = summarise(curves)
    assert found["kept_at_tenth"] == {"by_lang": {"good": 0.75}, "macro": 0.75, "left_out": ["weak"]}
    assert found["shares"]["0.1"]["transfer"]["balanced_accuracy"] == pytest.approx(0.6)
    assert found["shares"]["0.1"]["transfer"]["balanced_accuracy_spread"] == pytest.approx(0.005)


def test_latin_letters_are_counted_among_letters_only():
    assert latin_letters(["ab 12!", "яю"]) == 0.5
    assert latin_letters(["你好", "12"]) == 0.0
    assert latin_letters([]) == 0.0


def test_reasons_name_what_was_measured(toxicity, rows, curve):
    facts = transfer_facts(toxicity, rows, curve)
    assert facts["best_feature"] >= facts["best_candidate"]
    foreign = {**facts, "latin_letters": 0.1, "full": 0.62, "tfidf_full": 0.75, "routed": 0.5}
    text = explain_transfer("zh", 0.5, foreign)
    assert "does not carry over to zh" in text
    assert "90% of its letters are not Latin" in text
    assert "own weakness: with all labels it reaches 0.620 where TF-IDF reaches 0.750" in text
    assert "recognises only 50%" in text
    hard = explain_transfer("fr", 0.7, {**facts, "full": 0.6, "tfidf_full": 0.61})
    assert "carries over to fr" in hard
    assert "labels themselves are hard to tell" in hard


def test_rows_without_a_language_column_are_fine(tiny_scope, toxicity):
    train = LabelledText(
        ["a b", "c d", "e f", "you g", "you h", "you i"],
        ["clean"] * 3 + ["toxic"] * 3,
        [None] * 6,
        [None] * 6,
    )
    found = read_language(toxicity, None, tiny_scope, "xx", train, train)
    assert found.routed_N.all()
