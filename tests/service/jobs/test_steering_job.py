"""A steering of the nano scope: through the process that the route starts, and what the process refuses."""

import pytest
from jsonschema import Draft202012Validator
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_features.generating.hooks import gather
from scopesift_features.generating.intervention import BOOST, Intervention
from scopesift_features.generating.language_model import LanguageModel, Sampling
from scopesift_features.scope import Scope
from scopesift_service.http.errors import ServiceError
from scopesift_service.jobs.steering import run
from scopesift_service.settings import ServiceSettings

TOKEN = "an-admin-token-of-28-letters"
PROMPT = "The train to Xylophonia"
NANO = ServiceSettings(scope="nano", device="cpu")


def job(**given):
    features = {
        "changes": ["2:17=+40"],
        "name": None,
        "label": None,
        "action": "boost",
        "amount": 0.0,
        "top": 4,
    }
    options = {"phase": "every", "max_new_tokens": 6, "temperature": 0.0, "top_p": 1.0, "seed": 0}
    return {"prompt": PROMPT, **features, **options, "controls": False, **given}


def of_label(**given):
    return job(changes=[], **{"name": "language", "label": "de", "amount": 6.0, "top": 2, **given})


def test_a_call_is_answered_by_a_process_as_the_document_says_and_no_log_has_a_text(
    make_service, monkeypatch, log_lines, capfd
):
    monkeypatch.setenv("SCOPESIFT_SCOPE", "nano")
    monkeypatch.setenv("SCOPESIFT_DEVICE", "cpu")
    service = make_service(steering="on", admin_token=TOKEN)
    changes = {"classifier": "language", "label": "de", "boost": 6, "top": 2}
    body = {"prompt": PROMPT, "changes": changes, "max_new_tokens": 6}
    answer = service.ask("POST", "/v1/steer", body, headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    document = service.ask("GET", "/openapi.json").json()
    schema = {"$ref": "#/components/schemas/SteeringAnswer", "components": document["components"]}
    Draft202012Validator(schema).validate(answer.json())
    told = answer.json()
    assert [result["way"] for result in told["results"]] == ["none", "steered", "flipped", "random"]
    assert told["classifiers"] == {"language": Classifier.load("language", "nano").version}
    assert all(result["rate"] in (0, 1) for result in told["results"])
    logged = "\n".join([*log_lines, *capfd.readouterr()])
    assert '"route": "/v1/steer"' in logged
    assert not [text for text in (PROMPT, "Xylo", *told["results"][0]["texts"]) if text in logged]


def test_the_texts_are_those_of_the_model_without_and_with_the_change():
    told = run(job(), NANO)
    scope = Scope.load("nano", device="cpu")
    model, changes = LanguageModel(scope), gather(scope, [Intervention(2, 17, BOOST, 40.0)])
    none, steered = (
        model.continuations([PROMPT], own, sampling=Sampling(max_new_tokens=6)) for own in ((), changes)
    )
    assert [(result["way"], result["texts"]) for result in told["results"]] == [
        ("none", none),
        ("steered", steered),
    ]
    assert none != steered
    assert (told["scope"], told["classifiers"], told["changes"]) == ("nano", {}, ["2:17=+40"])


@pytest.mark.parametrize(
    ("asked", "param", "told"),
    [
        (job(changes=["9:0=-"]), "changes", "nano has no SAE for layer 9; it has 0, 1, 2, 3, 4, 5"),
        (job(changes=["2:99999999=-"]), "changes", "layer 2 has no feature 99999999"),
        (job(changes=["2:1=-", "2:1=+1"]), "changes", "feature 2:1 is changed twice"),
        (of_label(label="xx"), "changes.label", "language has no label 'xx'"),
        (job(prompt="ж " * 3000, max_new_tokens=128), "prompt", "over the model's 2048; shorten it"),
    ],
)
def test_what_only_the_model_can_refuse_is_a_400_that_names_the_field(asked, param, told):
    with pytest.raises(ServiceError, match=told) as caught:
        run(asked, NANO)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_the_features_are_those_of_the_version_in_use(tmp_path):
    from scopesift_service.versions.registry import Registry

    artifact = Classifier.load("language", "nano")
    registry = Registry(tmp_path)
    registry.store("language", artifact.version, artifact.to_json())
    registry.activate("language", artifact.version)
    chosen = ServiceSettings(scope="nano", device="cpu", state=tmp_path, classifiers=("nothing.json",))
    assert run(of_label(), chosen)["classifiers"] == {"language": artifact.version}


def test_the_largest_changes_are_answered_in_json():
    told = run(job(changes=["5:0=+10000", "0:0=-10000"], temperature=0.01, top_p=1e-9), NANO)
    assert all(result["perplexity"] is None or result["perplexity"] > 0 for result in told["results"])
