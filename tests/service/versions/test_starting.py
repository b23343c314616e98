"""The classifiers that a service starts with."""

import json

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.text import digest
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError
from scopesift_service.versions.starting import load_classifiers


def test_a_classifier_that_would_overwrite_a_field_of_the_answers_stops_the_start(tmp_path):
    content = {**json.loads(Classifier.load("toxicity", "nano").to_json()), "name": "scope"}
    del content["sha256"]
    path = tmp_path / "scope.json"
    path.write_text(json.dumps({**content, "sha256": digest(content)}))
    with pytest.raises(InputError, match=r"scope.json: a classifier cannot be called 'scope'"):
        load_classifiers(Scope.load("nano"), [str(path)])
