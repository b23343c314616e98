"""Versions in int8 of classifiers: the same decisions, measured on test rows in int8, a folder below the others."""

import json
import shutil

import pytest
from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_features.scope import Scope

from recipes.e5 import int8_versions

TOXIC, CLEAN = ["You are a stupid idiot.", "Shut up, you moron."], ["The bread is warm.", "A fine day."]


def rows(data, split, code="en"):
    assert split == "test"
    labels = ["toxic", "toxic", "clean", "clean"]
    return LabelledText([*TOXIC, *CLEAN], labels, [code] * 4, [None] * 4)


def languages(data, split):
    texts = ["The bread is warm.", "Das Brot ist warm."]
    return LabelledText(texts, ["en", "de"], ["en", "de"], [None] * 2)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifiers")
    for name in ("language", "toxicity"):
        shutil.copy(bundled_classifiers()[name], folder / f"{name}.json")
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(int8_versions, "ROWS", {"language": languages, "toxicity": rows})
        patch.setattr(int8_versions, "toxicity_languages", lambda data: ["de"])
        patch.setattr(int8_versions, "toxicity_rows", lambda data, code, split: rows(data, split, code))
        int8_versions.write_int8_versions(Scope.load("e5", device="cpu"), folder, folder, said.append)
    return folder, said


def test_they_are_the_bundled_versions(written):
    folder, _ = written
    for name in ("language", "toxicity"):
        assert (
            Classifier.load(folder / "int8" / f"{name}.json").version
            == Classifier.load(f"{name}-int8").version
        )


def test_every_language_of_toxicity_is_measured_beside_english(written):
    folder, said = written
    quality = Classifier.load(folder / "int8" / "toxicity.json").quality
    assert {data: found["n"] for data, found in quality.items()} == {"test": 4, "own rule de": 4}
    assert quality["test"]["rules"] == {"en": 4}
    assert said[1] == "toxicity in int8, test: macro-F1 1.0000 on 4 rows"


def test_those_in_float32_stay_as_they_are(written):
    folder, _ = written
    for name in ("language", "toxicity"):
        before = json.loads(bundled_classifiers()[name].read_text())
        assert json.loads((folder / f"{name}.json").read_text()) == before
