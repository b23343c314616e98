"""What a card says, of the bundled artifacts and of ones that know more or less than those."""

import inspect
from dataclasses import replace

import pytest
from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import BINARY, MANY, Classifier
from scopesift_classifiers.model_cards import benchmarks, limits, method, training
from scopesift_classifiers.model_cards.card import UNKNOWN
from scopesift_classifiers.model_cards.sections import model_card
from scopesift_classifiers.model_cards.training import MOVED_CUT
from scopesift_classifiers.transfer import unlabelled

BUNDLED = [(scope, name) for scope in ("e5", "nano") for name in bundled_classifiers(scope)]
MEASURED = {
    "n": 400,
    "n_positive": 200,
    "accuracy": 0.8125,
    "balanced_accuracy": 0.8125,
    "macro_f1": 0.8119,
    "precision": 0.83,
    "recall": 0.79,
    "ece": None,
    "ece_reason": "needs at least 1000 documents, got 400",
    "intervals": {"macro_f1": [0.7711, 0.8466]},
    "baselines": {"tfidf": None, "linear_probe": None, "mean_difference": None, "reason": "none"},
    "by_lang": {},
    "by_source": {},
}


@pytest.fixture(scope="module")
def toxicity():
    return Classifier.load("toxicity", "nano")


@pytest.fixture(scope="module")
def bare(toxicity):
    """An artifact that records nothing but what it takes to judge."""
    return replace(toxicity, fit={}, quality={}, by_lang={})


def facts(section):
    return {fact.label: fact.value for fact in section.facts}


def table(section, title):
    (found,) = [one for one in section.tables if one.title == title]
    return {row[0]: dict(zip(found.header[1:], row[1:], strict=True)) for row in found.rows}


@pytest.mark.parametrize(("scope", "name"), BUNDLED)
def test_a_row_for_every_measurement_of_a_bundled_classifier_with_its_own_interval(scope, name):
    classifier = Classifier.load(name, scope)
    rows = table(benchmarks.benchmarks(classifier), "Quality")
    key, column = {
        BINARY: ("balanced_accuracy", "balanced accuracy"),
        MANY: ("accuracy", "accuracy"),
    }[classifier.kind]
    assert list(rows) == sorted(classifier.quality, key=lambda name: name != "test")
    for data, own in classifier.quality.items():
        low, high = own["intervals"][key]
        assert rows[data][column] == f"{own[key]:.3f} ({low:.3f} to {high:.3f})"
        assert rows[data]["texts"] == f"{own['n']:,}"


@pytest.mark.parametrize(("scope", "name"), BUNDLED)
def test_every_value_of_a_bundled_classifiers_card_says_something_and_every_row_fits_its_table(scope, name):
    for section in model_card(Classifier.load(name, scope)).sections:
        assert section.facts
        assert all(fact.label.strip() and fact.value.strip() for fact in section.facts)
        for one in section.tables:
            assert one.rows
            assert {len(row) for row in one.rows} == {len(one.header)}
            assert all(cell.strip() for row in one.rows for cell in row)


def test_what_an_artifact_does_not_record_is_unknown_and_not_measured(bare):
    data = facts(training.training_data(bare))
    assert set(data.values()) == {UNKNOWN}
    section = benchmarks.benchmarks(bare)
    assert facts(section)["Measured on"] == benchmarks.NOT_MEASURED
    assert section.tables == ()
    known = facts(limits.limits(bare))
    assert known["Languages with measured quality"] == UNKNOWN
    assert known["Measured quality"] == benchmarks.NOT_MEASURED
    assert facts(method.method(bare))["Preset of the fit"] == UNKNOWN


def test_hashes_labels_and_texts_of_the_fit_are_on_the_card(toxicity):
    said = facts(training.training_data(toxicity))
    assert said["Train texts"].endswith(toxicity.fit["train"]["sha256"])
    counts = toxicity.fit["labels"]
    assert said["Train texts by label"] == ", ".join(f"{label} {n:,}" for label, n in counts.items())
    assert facts(method.method(toxicity))["Scope's sha256"] == toxicity.scope["sha256"]


def test_labels_keep_their_underscores(bare):
    labelled = replace(bare, fit={"labels": {"very_toxic": 3, "clean": 4}})
    assert facts(training.training_data(labelled))["Train texts by label"] == "very_toxic 3, clean 4"


def test_a_cut_that_was_moved_without_labels_says_so_and_claims_no_quality(bare):
    assert MOVED_CUT == unlabelled.MOVED_CUT
    entry = {
        "chosen": MOVED_CUT,
        "unlabelled": {"rows": 350, "sha256": "abc"},
        "share_of": "stated",
        "rule": "default",
        "positive_share": 0.25,
        "flagged_before": 0.02,
        "flagged": 0.25,
        "moved_by": -0.4,
    }
    moved = replace(bare, by_lang={"sw": bare.default}, fit={"by_lang": {"sw": entry}})
    row = table(training.training_data(moved), "Decisions of single languages")["sw"]
    assert (row["texts"], row["labels"]) == ("350", "none")
    assert "share of 0.25 of unlabelled texts (stated)" in row["made by"]
    assert facts(training.annotation(moved))["Decisions made without any labels"] == "sw"
    said = facts(limits.limits(moved))
    assert said["Cuts that no label has confirmed"].startswith("sw: ")
    assert said["Languages with a decision of their own, but no measurement"] == "sw"


def test_a_recut_language_shows_what_was_required_and_what_it_had(bare):
    cut = {
        "asked": {"false_positive_rate": 0.05},
        "rows": 600,
        "sha256": "abc",
        "cut_interval": [0.4, 0.6],
        "precision": 0.9,
        "recall": 0.7,
        "false_positive_rate": 0.048,
        "intervals": {"false_positive_rate": [0.03, 0.07]},
    }
    recut = replace(bare, by_lang={"de": bare.default}, fit={"by_lang": {"de": {"cut": cut}}})
    said = table(method.method(recut), "Cuts for a required rate")["de"]["how it was chosen"]
    assert said.startswith("chosen for false positive rate 0.05 on 600 texts")
    assert "false positive rate 0.048 (0.030 to 0.070)" in said
    assert table(training.training_data(recut), "Decisions of single languages")["de"]["made by"] == (
        "a new cut on labelled texts"
    )


def test_languages_that_the_fit_left_out_are_counted_and_measured(bare):
    left_out = {"hi": {"rows": 900, "auc": 0.81, "macro_f1": 0.72, "balanced_accuracy": 0.73}}
    across = replace(bare, fit={"left_out": left_out})
    assert facts(training.training_data(across))["Train and dev texts by language"] == "hi 900"
    (found,) = benchmarks.benchmarks(across).tables
    assert found.rows == (("hi", "900", "0.810", "0.720", "0.730"),)


@pytest.mark.parametrize(
    "data", ["left out hi", "left out hi, 350 unlabelled texts", "zero-shot hi", "my own"]
)
def test_data_of_any_name_is_measured_quality(bare, data):
    classifier = bare.with_quality(data, {**MEASURED, "by_lang": {"hi": MEASURED}})
    assert table(benchmarks.benchmarks(classifier), "Quality")[data]["macro-F1"] == "0.812 (0.771 to 0.847)"
    assert facts(limits.limits(classifier))["Languages with measured quality"] == "hi"


def test_few_texts_outdated_notes_and_ranges_are_limits(bare):
    parts = {"de": {**MEASURED, "accuracy": 0.9}, "fr": {**MEASURED, "accuracy": 0.6, "n": 40}}
    own = {**MEASURED, "by_lang": parts, "note": "measured before the default decision's cut was moved"}
    said = facts(limits.limits(bare.with_quality("test", own)))
    assert said["Range by language (test)"] == "accuracy 0.600 on fr to 0.900 on de"
    assert said["Measured on fewer than 100 texts"] == "test, fr (40)"
    assert said["Note on test"] == own["note"]
    assert said["No calibration error (needs at least 1000 documents)"] == "test"


def test_norm_bounds_and_undone_spelling_are_part_of_the_method(bare):
    plain = facts(method.method(bare))
    assert plain["Norm bounds"].startswith("none")
    assert plain["Obfuscated spelling undone before reading"] == "no"
    other = facts(method.method(replace(bare, norm_bounds={6: 123.456}, restore=True)))
    assert "123.5 at layer 6" in other["Norm bounds"]
    assert other["Obfuscated spelling undone before reading"] == "yes"


def test_every_label_of_many_has_its_cut_and_its_quality():
    domain = Classifier.load("domain", "e5")
    assert domain.default.label_cuts
    assert set(table(method.method(domain), "Cuts by label")) == set(domain.labels)
    assert set(table(benchmarks.benchmarks(domain), "test, by label")) == set(domain.labels)


def test_a_card_needs_nothing_but_the_classifier():
    assert list(inspect.signature(model_card).parameters) == ["classifier"]
