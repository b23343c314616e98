"""Transfer of a classifier with many labels: weights that move, labels without examples that stay."""

import random
from dataclasses import replace

import numpy as np
import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier, read_table
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.studies.learning_curve import read_language
from scopesift_classifiers.transfer.many_labels import choose_many, many_decision, try_many
from scopesift_classifiers.transfer.transfer import transfer
from scopesift_files.errors import InputError, UsageError

ENGLISH = {
    "food": "bread soup cheese oven dinner",
    "law": "court judge statute appeal trial",
    "sport": "football match goal team coach",
}
GERMAN = {
    "food": "Brot Suppe Käse Ofen Abendessen",
    "law": "Gericht Richter Gesetz Berufung Prozess",
    "sport": "Fußball Spiel Tor Mannschaft Trainer",
}


def topics(words, n, seed, labels=("food", "law", "sport"), lang="en"):
    rng = random.Random(seed)
    chosen = [labels[row % len(labels)] for row in range(n)]
    texts = [" ".join(rng.choice(words[label].split()) for _ in range(6)) for label in chosen]
    return LabelledText(texts, chosen, [lang] * n, ["made up"] * n)


@pytest.fixture(scope="module")
def topic(tiny_scope):
    rows, dev = topics(ENGLISH, 90, 1), topics(ENGLISH, 45, 2)
    return fit_classifier("topic", tiny_scope, rows, dev, FitSettings(preset="linear"))


@pytest.fixture(scope="module")
def done(topic, tiny_scope):
    return transfer(topic, tiny_scope, topics(GERMAN, 36, 3, lang="de"), "de")


def accuracy(classifier, scope, rows):
    """Share of right likeliest labels, each text by the decision of its language."""
    answers = Engine(scope, [classifier]).predict(rows.texts)
    return np.mean(
        [answer["topic"].likeliest == label for answer, label in zip(answers, rows.labels, strict=True)]
    )


def as_default(classifier, lang):
    return replace(classifier, default=classifier.by_lang[lang], by_lang={})


def test_a_language_is_added_with_every_strategy_measured(done, topic):
    names = [row["name"] for row in done.strategies]
    assert names == ["zero_shot", "recut", "reweighted", "adapted_linear", "refitted_linear"]
    assert list(done.classifier.by_lang["de"].rules) == topic.labels
    assert done.classifier.default.to_dict() == topic.default.to_dict()
    measured = done.classifier.quality["cross-validated de"]
    assert measured["n"] == 36
    assert set(measured["per_class"]) == set(GERMAN)


def test_new_texts_of_the_language_are_judged_better_than_by_the_default(done, topic, tiny_scope):
    rows = topics(GERMAN, 60, 9, lang="de")
    assert (
        accuracy(as_default(done.classifier, "de"), tiny_scope, rows)
        > accuracy(topic, tiny_scope, rows) + 0.1
    )


def test_the_artifact_survives_a_file_and_two_transfers_are_the_same(done, topic, tiny_scope, tmp_path):
    path = tmp_path / "topic.json"
    done.classifier.save(path)
    again = transfer(topic, tiny_scope, topics(GERMAN, 36, 3, lang="de"), "de")
    assert Classifier.load(path).to_json() == done.classifier.to_json() == again.classifier.to_json()


def test_labels_without_examples_keep_the_rules_of_the_default(topic, tiny_scope):
    rows = topics(GERMAN, 24, 4, labels=("food", "law"), lang="de")
    table = read_table(tiny_scope, rows.texts)
    trials = {trial.name: trial for trial in try_many(topic, table, rows, 4)}
    decision = many_decision(table, rows, trials["adapted_linear"])
    assert list(decision.rules) == topic.labels
    weight = dict(zip(topic.default.feature_ids, topic.default.rules["sport"].weights, strict=True))
    kept = dict(zip(decision.feature_ids, decision.rules["sport"].weights, strict=True))
    assert all(kept[item] == pytest.approx(value, abs=1e-3) for item, value in weight.items())
    assert all(value == 0 for item, value in kept.items() if item not in weight)
    assert list(many_decision(table, rows, trials["refitted_linear"]).rules) == ["food", "law"]


def test_the_preferred_strategy_stays_unless_another_is_better_by_more_than_chance(topic, tiny_scope):
    rows = topics(GERMAN, 36, 3, lang="de")
    trials = try_many(topic, read_table(tiny_scope, rows.texts), rows, 4)
    best = max(trials, key=lambda trial: trial.metrics.macro_f1)
    preferred = next(trial for trial in trials if trial.name == "adapted_linear")
    chosen = choose_many(trials)
    near = best.metrics.macro_f1 - preferred.metrics.macro_f1 <= preferred.spread
    assert chosen is (preferred if near else best)


def test_the_replaced_decision_is_measured_on_the_same_examples(done):
    zero_shot = next(row for row in done.strategies if row["name"] == "zero_shot")
    assert done.replaced["rule"] == "default"
    assert done.replaced["macro_f1"] == zero_shot["macro_f1"]


def test_rows_that_nothing_can_be_learned_from_are_refused(topic, tiny_scope):
    unknown = topics({**GERMAN, "art": "Bild"}, 12, 1, labels=("art", "food"), lang="de")
    with pytest.raises(InputError, match="expected a label out of"):
        transfer(topic, tiny_scope, unknown, "de")
    few = topics(GERMAN, 4, 1, labels=("food", "law"), lang="de")
    with pytest.raises(InputError, match="at least 3 different texts labelled 'food'"):
        transfer(topic, tiny_scope, few, "de")


def test_a_learning_curve_of_many_labels_is_refused(topic, tiny_scope):
    rows = topics(GERMAN, 36, 3, lang="de")
    with pytest.raises(UsageError, match="two labels"):
        read_language(topic, None, tiny_scope, "de", rows, rows)
