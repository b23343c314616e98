"""A classifier's name never hides another field of an answer, wherever the classifier comes from."""

import json
from dataclasses import replace

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.name import check_name
from scopesift_classifiers.artifact.text import digest
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_files.errors import InputError, UsageError


@pytest.mark.parametrize("name", ["text", "scope", "classifiers", "error", "TEXT", "lang", "chars", "tokens"])
def test_a_name_of_a_field_is_reserved(name):
    with pytest.raises(UsageError, match="would overwrite"):
        check_name(name)


@pytest.mark.parametrize("name", ["", " ", "a/b", "..", "-x", "a\nb", "x" * 65, " a"])
def test_a_name_that_cannot_be_part_of_a_path_is_refused(name):
    with pytest.raises(UsageError, match="name"):
        check_name(name)


@pytest.mark.parametrize(
    "name", ["toxicity", "language", "токсичность", "text_kind", "my classifier", "v1.2"]
)
def test_other_names_stay(name):
    assert check_name(name) == name


def test_every_field_of_a_record_beside_the_verdicts_is_reserved(tiny_scope, toxicity):
    engine = Engine(tiny_scope, [toxicity])
    (record,) = engine.records(["x"], engine.predict(["x"]))
    for field in record.keys() - {"toxicity"}:
        with pytest.raises(UsageError):
            check_name(field)


def test_a_reserved_name_is_refused_before_a_fit_reads_anything(insults):
    rows = insults(20, 1)
    with pytest.raises(UsageError, match="cannot be called 'text'"):
        fit_classifier("text", None, rows, rows, FitSettings())


def test_an_artifact_with_a_reserved_name_is_not_loaded(toxicity):
    content = {**json.loads(toxicity.to_json()), "name": "scope"}
    del content["sha256"]
    content["sha256"] = digest(content)
    with pytest.raises(InputError, match=r"c.json: a classifier cannot be called 'scope'"):
        Classifier.from_dict(content, origin="c.json")


def test_no_language_can_take_the_place_of_the_default_rule(toxicity):
    with pytest.raises(UsageError, match="cannot be called 'default'"):
        replace(toxicity, by_lang={"default": toxicity.default})
