import json

import httplib2
import pytest
from googleapiclient.discovery import build_from_document
from scopesift_service.http.route import RouteTable

VALID = {
    "ClassifyRequest": {
        "texts": ["a"],
        "classifiers": ["toxicity"],
        "thresholds": {"toxicity": 0.4},
        "explain": False,
    },
    "ModerationRequest": {"input": [{"type": "text", "text": "a"}], "model": None},
    "PredictRequest": {"inputs": ["a", "b"], "truncate": True},
    "GuardrailRequest": {
        "texts": ["an idiot"],
        "input_type": "request",
        "additional_provider_specific_params": {
            "classifiers": ["toxicity"],
            "thresholds": {"toxicity": 0.3},
        },
    },
    "AnalyzeCommentRequest": {
        "comment": {"text": "a"},
        "requestedAttributes": {"TOXICITY": {"scoreThreshold": 0}},
    },
}


@pytest.fixture
def document(service):
    return service.ask("GET", "/openapi.json").json()


def resolve(document, schema):
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def validator(document, name):
    from jsonschema import Draft202012Validator

    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    )


def test_every_route_of_the_table_is_in_the_document_with_its_methods(service, document):
    aliases = {"/docs.json", "/$discovery/rest", "/discovery/v1/apis/commentanalyzer/v1alpha1/rest"}
    table: RouteTable = service.app._table
    routes = {route.path: set(route.handlers) for route in [*table._plain.values(), *table._patterns]}
    documented = {
        path: {method.upper() for method in item if method != "parameters"}
        for path, item in document["paths"].items()
    }
    assert {path: methods for path, methods in routes.items() if path not in aliases} == documented


def test_every_reference_leads_somewhere(document):
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names == names & set(document["components"]["schemas"])
    assert len(names) > 10


@pytest.mark.parametrize(
    "path",
    [
        "/v1/classify",
        "/v1/moderations",
        "/v1alpha1/comments:analyze",
        "/predict",
        "/classify",
        "/beta/litellm_basic_guardrail_api",
    ],
)
def test_what_the_document_allows_is_answered_as_it_says(service, document, path):
    operation = document["paths"][path]["post"]
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
    validator(document, name).validate(VALID[name])
    answer = service.ask("POST", path, VALID[name])
    assert answer.status_code == 200
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
    validator(document, schema).validate(answer.json())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/classify", {"texts": []}),
        ("/v1/classify", {"texts": [1]}),
        ("/v1/classify", {"texts": ["a"], "b": 1}),
        ("/v1/classify", {"texts": ["a"], "classifiers": ["insult"]}),
        ("/v1/classify", {"texts": ["a"], "classifiers": []}),
        ("/v1/classify", {"texts": ["a"], "thresholds": {"language": 0.5}}),
        ("/v1/classify", {"texts": ["a"], "thresholds": {"toxicity": 1}}),
        ("/v1/classify", {"texts": ["a"], "explain": "no"}),
        ("/v1/moderations", {"input": {}}),
        ("/predict", {"inputs": []}),
        ("/classify", {"inputs": "a", "truncate": 1}),
        ("/beta/litellm_basic_guardrail_api", {"texts": "a"}),
        (
            "/beta/litellm_basic_guardrail_api",
            {"texts": ["a"], "additional_provider_specific_params": {"threshold": 0.5}},
        ),
        ("/v1/moderations", {"input": "a", "model": 1}),
        ("/v1alpha1/comments:analyze", {"comment": {"text": "a"}, "requestedAttributes": {"INSULT": {}}}),
        ("/v1alpha1/comments:analyze", {"comment": {"text": "a"}, "requestedAttributes": {}}),
    ],
)
def test_what_the_document_forbids_is_refused_as_it_says(service, document, path, body):
    operation = document["paths"][path]["post"]
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
    assert not validator(document, name).is_valid(body)
    answer = service.ask("POST", path, body)
    schema = operation["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]["$ref"]
    validator(document, schema.rsplit("/", 1)[-1]).validate(answer.json())
    assert answer.status_code == 400


def test_the_lists_of_classifiers_are_as_the_document_says(service, document):
    validator(document, "ClassifierList").validate(service.ask("GET", "/v1/classifiers").json())
    validator(document, "ClassifierDetail").validate(service.ask("GET", "/v1/classifiers/toxicity").json())


def test_the_document_states_the_limits_that_are_set(make_service):
    document = make_service(max_texts=7, max_characters=9).ask("GET", "/openapi.json").json()
    texts = document["components"]["schemas"]["ClassifyRequest"]["properties"]["texts"]
    assert (texts["maxItems"], texts["items"]["maxLength"]) == (7, 9)


def test_the_address_is_the_public_one_or_a_harmless_host_header(make_service):
    def url(service, **headers):
        return service.ask("GET", "/openapi.json", headers=headers).json()["servers"][0]["url"]

    assert url(make_service(public_url="https://mod.example.org")) == "https://mod.example.org"
    assert url(make_service(), host="localhost:3700") == "http://localhost:3700"
    assert url(make_service(), host='evil"/path') == "http://127.0.0.1:3000"


class Loopback(httplib2.Http):
    """Sends what Google's library sends to the application."""

    def __init__(self, service):
        super().__init__()
        self.service = service

    def request(self, uri, method="GET", body=None, headers=None, **_):
        answer = self.service.ask(method, uri.replace("http://test", ""), content=body, headers=headers)
        return httplib2.Response({"status": str(answer.status_code), **answer.headers}), answer.content


def test_googles_library_builds_a_client_from_the_discovery_document(service):
    document = service.ask("GET", "/$discovery/rest?version=v1alpha1").json()
    client = build_from_document(document, http=Loopback(service))
    body = {
        "comment": {"text": "you idiot"},
        "requestedAttributes": {"TOXICITY": {}},
        "spanAnnotations": True,
    }
    answer = client.comments().analyze(body=body).execute()
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.9


def test_another_version_of_the_api_is_not_pretended(service):
    assert service.ask("GET", "/$discovery/rest?version=v2").status_code == 404
