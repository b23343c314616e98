"""The classifiers that a service starts with."""

import json

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.text import digest
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError, UsageError
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.starting import start_classifiers


def test_a_classifier_that_would_overwrite_a_field_of_the_answers_stops_the_start(tmp_path):
    content = {**json.loads(Classifier.load("toxicity", "nano").to_json()), "name": "scope"}
    del content["sha256"]
    path = tmp_path / "scope.json"
    path.write_text(json.dumps({**content, "sha256": digest(content)}))
    with pytest.raises(InputError, match=r"scope.json: a classifier cannot be called 'scope'"):
        start_classifiers(Scope.load("nano"), ServiceSettings(classifiers=(str(path),)))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PERSPECTIVE_ATTRIBUTES", "TOXICITY=insult", "TOXICITY names the classifier 'insult'.* there are"),
        (
            "PERSPECTIVE_ATTRIBUTES",
            "POLITICS=domain",
            "POLITICS needs a label of domain, such as POLITICS=domain:",
        ),
        ("PERSPECTIVE_ATTRIBUTES", "A=domain:none-such", "A names the label 'none-such'.* it has "),
        ("PERSPECTIVE_ATTRIBUTES", "A=toxicity:clean", "A names the label 'clean'.* it has toxic"),
        ("OPENAI_CATEGORIES", "hate=toxicity,harassment=insult", "harassment names the classifier 'insult'"),
    ],
)
def test_a_table_that_names_what_is_not_loaded_stops_the_start(name, value, told):
    chosen = ServiceSettings.from_env({"SCOPESIFT_SCOPE": "nano", f"SCOPESIFT_{name}": value})
    with pytest.raises(UsageError, match=f"SCOPESIFT_{name}: {told}"):
        start_classifiers(Scope.load("nano"), chosen)


def test_steering_with_an_encoder_stops_the_start(tiny_encoder_scope):
    chosen = ServiceSettings.from_env({"SCOPESIFT_STEERING": "on", "SCOPESIFT_ADMIN_TOKEN": "t" * 16})
    for scope in (tiny_encoder_scope, Scope.load("e5", device="cpu")):
        with pytest.raises(UsageError, match=r"SCOPESIFT_STEERING=on: .* needs a decoder"):
            start_classifiers(scope, chosen)
    assert start_classifiers(Scope.load("nano"), chosen)


def test_a_table_of_loaded_classifiers_and_labels_lets_it_start():
    table = "TOXICITY=toxicity:toxic,GERMAN=language:de"
    chosen = ServiceSettings.from_env({"SCOPESIFT_PERSPECTIVE_ATTRIBUTES": table})
    assert len(start_classifiers(Scope.load("nano"), chosen)) == 3
