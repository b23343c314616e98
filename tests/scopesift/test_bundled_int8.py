"""Every bundled classifier of e5 has a version in int8 under its name with -int8."""

import json

import pytest
from scopesift_classifiers.artifact.bundled import bundled_classifiers, named_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.routing import bundled_language, with_language
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift.face import Classifier as Face

NAMES = sorted(bundled_classifiers())


def decisions(classifier):
    return {rule: decision.to_dict() for rule, decision in classifier.decisions.items()}


@pytest.mark.parametrize("name", NAMES)
def test_it_decides_by_the_same_features_weights_and_cuts(name):
    usual, version = Classifier.load(name), Classifier.load(f"{name}-int8")
    assert decisions(version) == decisions(usual)
    assert (version.name, version.restore) == (name, usual.restore)
    assert version.fit["moved_to_int8"] == {"version": usual.version}
    assert version.version != usual.version


def test_it_belongs_to_the_scales_that_are_bundled():
    whole = Scope.load("e5", device="cpu").in_int8()
    for name in NAMES:
        Classifier.load(f"{name}-int8").check_scope(whole)


@pytest.mark.parametrize("name", NAMES)
def test_its_quality_was_measured_on_the_same_test_rows(name):
    usual, version = Classifier.load(name).quality, Classifier.load(f"{name}-int8").quality
    measured = {data for data in usual if data == "test" or data.startswith("own rule ")}
    assert set(version) == measured
    for data in measured:
        assert version[data]["n"] == usual[data]["n"]
        if version[data]["n"] > 100:
            assert abs(version[data]["macro_f1"] - usual[data]["macro_f1"]) < 0.01


def test_languages_are_told_apart_in_the_same_precision():
    toxicity = Classifier.load("toxicity-int8")
    assert bundled_language(toxicity).version == Classifier.load("language-int8").version
    assert [one.settings.dtype for one in with_language([toxicity])] == ["int8", "int8"]
    assert bundled_language(Classifier.load("toxicity")).version == Classifier.load("language").version


def test_classify_takes_its_name_and_answers_with_the_classifiers(invoke):
    made = invoke("classify", "You are a stupid idiot.", "--json", "--classifier", "toxicity-int8")
    record = json.loads(made.stdout)
    assert record["toxicity"]["flagged"] is True
    assert record["language"]["label"] == "en"
    versions = {name: Classifier.load(f"{name}-int8").version for name in ("language", "toxicity")}
    assert record["classifiers"] == versions


def test_both_precisions_together_are_refused_with_the_name_to_take(invoke):
    mixed = invoke("classify", "some text", "--classifier", "toxicity-int8", "--classifier", "language")
    assert isinstance(mixed.exception, UsageError)
    assert "toxicity in int8 and language in float32 can't share a reading" in str(mixed.exception)
    assert "take language-int8, fit" in str(mixed.exception)


def test_one_classifier_in_both_precisions_is_refused_by_its_name(invoke):
    twice = invoke("classify", "some text", "--classifier", "toxicity-int8", "--classifier", "toxicity")
    assert isinstance(twice.exception, UsageError)
    assert str(twice.exception) == "2 classifiers are called 'toxicity'; name one of them"


def test_evaluate_refuses_a_language_classifier_of_the_other_precision_before_it_reads(invoke, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "You idiot", "label": "toxic"}\n{"text": "Fine", "label": "clean"}\n')
    made = invoke("evaluate", "toxicity-int8", rows, "--language", "language")
    assert "take one in int8 (of the bundled ones language-int8)" in str(made.exception)
    assert "rows to measure on" not in made.stderr


def test_its_model_card_says_where_its_weights_are_from(invoke, tmp_path):
    invoke("card", "sentiment-int8", "--out", tmp_path / "card.md")
    version = Classifier.load("sentiment").version
    assert (
        f"float32, as version {version}; reads in int8 without another fit"
        in (tmp_path / "card.md").read_text()
    )
    invoke("card", "sentiment", "--out", tmp_path / "usual.md")
    assert "without another fit" not in (tmp_path / "usual.md").read_text()


def test_the_face_takes_its_name():
    flagged = [
        verdict.flagged
        for verdict in Face.load("toxicity-int8").predict(["You are a stupid idiot.", "The bread is warm."])
    ]
    assert flagged == [True, False]


def test_other_scopes_have_none_and_a_wrong_name_lists_them():
    assert set(named_classifiers("nano")) == set(bundled_classifiers("nano"))
    with pytest.raises(UsageError, match=r"no classifier 'toxicity_int8'.*did you mean toxicity-int8\?"):
        Classifier.load("toxicity_int8")
    with pytest.raises(UsageError, match=r"no classifier 'toxicity-int8'"):
        Classifier.load("toxicity-int8", "nano")
