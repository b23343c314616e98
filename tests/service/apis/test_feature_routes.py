import pytest
from jsonschema import Draft202012Validator

PATH = "/v1/classifiers/toxicity/features"


def test_the_features_of_a_rule_are_listed_as_the_document_says(service, engine):
    answer = service.ask("GET", f"{PATH}?search=idiot&offset=3&limit=5")
    document = service.ask("GET", "/openapi.json").json()
    schema = {"$ref": "#/components/schemas/FeatureList", "components": document["components"]}
    Draft202012Validator(schema).validate(answer.json())
    assert engine.asked == [("toxicity", "default", "toxic", "idiot", 3, 5)]


def test_without_a_query_they_are_those_of_the_default_rule_and_the_first_label(service, engine):
    assert service.ask("GET", "/v1/classifiers/language/features").status_code == 200
    assert engine.asked == [("language", "default", "de", "", 0, 24)]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("rule=xx", "rule must be one of default"), ("label=clean", "label must be one of toxic"),
        ("limit=0", "from 1 to 200"), ("limit=201", "from 1 to 200"), ("offset=-1", "from 0"),
        (f"search={'x' * 101}", "100 characters"),
    ],
)  # fmt: skip
def test_a_wrong_query_is_a_400_that_says_what_there_is(service, engine, query, says):
    answer = service.ask("GET", f"{PATH}?{query}")
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]
    assert engine.asked == []


def test_an_unknown_classifier_is_a_404_and_a_key_is_needed_where_there_are_keys(service, make_service):
    assert service.ask("GET", "/v1/classifiers/nothing/features").status_code == 404
    assert make_service(api_keys=("a-key",)).ask("GET", PATH).status_code == 401
