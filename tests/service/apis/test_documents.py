import asyncio
import json
import re

import pytest
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
    "SuggestCommentScoreRequest": {
        "comment": {"text": "a"},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
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
    aliases = {
        "/docs.json",
        "/docs/{file}",
        "/$discovery/rest",
        "/discovery/v1/apis/commentanalyzer/v1alpha1/rest",
    }
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
        "/v1alpha1/comments:suggestscore",
        "/predict",
        "/classify",
        "/beta/litellm_basic_guardrail_api",
    ],
)
def test_what_the_document_allows_is_answered_as_it_says(make_service, tmp_path, document, path):
    service = make_service(state=tmp_path)
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
        (
            "/v1alpha1/comments:suggestscore",
            {"comment": {"text": "a"}, "attributeScores": {"INSULT": {"summaryScore": {"value": 1}}}},
        ),
        (
            "/v1alpha1/comments:suggestscore",
            {"comment": {"text": "a"}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 2}}}},
        ),
        ("/v1alpha1/comments:analyze", {"comment": {"text": "a"}, "requestedAttributes": {}}),
    ],
)
def test_what_the_document_forbids_is_refused_as_it_says(make_service, tmp_path, document, path, body):
    service = make_service(state=tmp_path)
    operation = document["paths"][path]["post"]
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
    assert not validator(document, name).is_valid(body)
    answer = service.ask("POST", path, body)
    schema = operation["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]["$ref"]
    validator(document, schema.rsplit("/", 1)[-1]).validate(answer.json())
    assert answer.status_code == 400


def operations(document):
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_every_operation_has_a_tag_that_is_described_a_summary_and_a_description(document):
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for _, _, operation in operations(document):
        assert set(operation["tags"]) <= tags
        assert operation["summary"]
        assert operation["description"]


def test_every_request_and_answer_in_json_has_examples_that_are_as_the_schemas_say(document):
    for path, _, operation in operations(document):
        if path == "/openapi.json":
            continue
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for body in [*bodies, operation["responses"]["200"]]:
            for content in filter(None, [body["content"].get("application/json")]):
                examples = content["examples"].values()
                assert examples
                name = content["schema"]["$ref"].rsplit("/", 1)[-1]
                for example in examples:
                    validator(document, name).validate(example["value"])


def test_an_example_request_is_a_right_one_for_the_service(make_service, tmp_path, document):
    service = make_service(state=tmp_path)
    for path, method, operation in operations(document):
        if method == "post" and "security" not in operation:
            for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
                asked = path.replace("{name}", "language")
                assert service.ask("POST", asked, example["value"]).status_code == 200


def test_the_examples_are_of_the_bundled_versions():
    from scopesift_classifiers.artifact.bundled import bundled_classifiers
    from scopesift_classifiers.artifact.classifier import Classifier
    from scopesift_service.apis.openapi.examples import recorded

    bundled = {name: Classifier.load(path).version for name, path in bundled_classifiers("e5").items()}
    versions = recorded()["classify"][0]["answer"]["classifiers"]
    assert versions == bundled, "run `python -m bench api-examples`"
    assert recorded()["activate"][0]["request"]["version"] == bundled["toxicity"]


def test_without_the_classifiers_that_they_name_there_are_no_examples(engine, make_service, monkeypatch):
    described = asyncio.run(engine.describe())

    async def describe():
        return {
            **described,
            "classifiers": [one for one in described["classifiers"] if one["name"] == "domain"],
        }

    monkeypatch.setattr(engine, "describe", describe)
    assert '"examples":' not in json.dumps(make_service().ask("GET", "/openapi.json").json()["paths"])


def test_the_documentation_page_and_its_files_come_from_this_server_alone(service):
    page = service.ask("GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    found = re.findall(r'(?:src|href)="(docs/[^"]+)"', page.text)
    assert len(found) == 4
    for name in found:
        answer = service.ask("GET", f"/{name}")
        assert answer.status_code == 200
        kind = "css" if name.endswith(".css") else "javascript"
        assert answer.headers["content-type"] == f"text/{kind}; charset=utf-8"
    assert "://" not in re.sub(r"data:[^\"]*", "", page.text)


@pytest.mark.parametrize("name", ["page.py", "index.html", "..%2Fsettings.py", "nothing.js"])
def test_the_documentation_has_no_other_files(service, name):
    answer = service.ask("GET", f"/docs/{name}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"]


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


def test_googles_library_builds_a_client_from_the_discovery_document(service, googles_client):
    body = {
        "comment": {"text": "you idiot"},
        "requestedAttributes": {"TOXICITY": {}},
        "spanAnnotations": True,
    }
    answer = googles_client(service).comments().analyze(body=body).execute()
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.9


def test_another_version_of_the_api_is_not_pretended(service):
    assert service.ask("GET", "/$discovery/rest?version=v2").status_code == 404
