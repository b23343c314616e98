"""POST /v1/steer: who may, what is refused, and what reaches the process that generates."""

import asyncio

import pytest
from jsonschema import Draft202012Validator
from scopesift_service.apis import steering_routes

TOKEN = "an-admin-token-of-28-letters"
ADMIN = {"authorization": f"Bearer {TOKEN}"}
PATH = "/v1/steer"
BODY = {"prompt": "The weather today", "changes": ["2:17=+6"]}
OF_LABEL = {"classifier": "language", "label": "de", "boost": 6}
REST = {
    "phase": "every", "max_new_tokens": 60, "temperature": 0.0, "top_p": 1.0, "seed": 0, "controls": True,
}  # fmt: skip


@pytest.fixture
def jobs(monkeypatch):
    """Steerings are recorded instead of run."""
    asked = []

    async def run_job(kind, job, seconds):
        asked.append(job)
        await asyncio.sleep(0.05)
        return {"scope": "tiny"}

    monkeypatch.setattr(steering_routes, "run_job", run_job)
    return asked


@pytest.fixture
def service(make_service):
    return make_service(steering="on", admin_token=TOKEN)


def steer(service, **body):
    return service.ask("POST", PATH, {**BODY, **body}, headers=ADMIN)


def test_it_is_off_by_default_whoever_asks(make_service, tmp_path, jobs):
    for settings in ({}, {"admin_token": TOKEN, "state": tmp_path}, {"steering": "on"}):
        for headers in ({}, ADMIN):
            answer = make_service(**settings).ask("POST", PATH, BODY, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "steering_disabled")
    assert not jobs


def test_only_the_admin_token_in_its_header_opens_it(make_service, jobs):
    service = make_service(steering="on", admin_token=TOKEN, api_keys=("a-key",))
    for headers in ({}, {"authorization": "Bearer a-key"}, {"x-api-key": TOKEN}):
        assert service.ask("POST", PATH, BODY, headers=headers).status_code == 401
    assert not jobs
    assert service.ask("POST", PATH, BODY, headers=ADMIN).status_code == 200


def test_features_reach_the_process_as_they_are_spelled(service, jobs):
    assert steer(service, changes=["2:17=+6.0000001", "1:3=-"], seed=None).status_code == 200
    no_label = {"name": None, "label": None, "action": "boost", "amount": 0.0, "top": 4}
    changes = {"changes": ["2:17=+6.0000001", "1:3=-"], **no_label}
    assert jobs == [{"prompt": BODY["prompt"], **changes, **REST}]


@pytest.mark.parametrize(
    ("given", "action", "amount"),
    [({"boost": -2.5}, "boost", -2.5), ({"clamp": 0}, "clamp", 0.0), ({"suppress": True}, "suppress", 0.0)],
)
def test_a_label_reaches_the_process_with_what_is_done_to_its_features(service, jobs, given, action, amount):
    changes = {"classifier": "language", "label": "de", "top": 2, **given}
    options = {"phase": "prompt", "max_new_tokens": 8, "temperature": 0.7, "top_p": 0.9, "seed": 3}
    assert steer(service, changes=changes, controls=False, **options).status_code == 200
    of_label = {"name": "language", "label": "de", "action": action, "amount": amount, "top": 2}
    assert jobs == [{"prompt": BODY["prompt"], "changes": [], **of_label, **options, "controls": False}]


WRONG = [
    ({"prompt": None}, "prompt"),
    ({"prompt": ""}, "prompt"),
    ({"prompt": "x" * 2001}, "prompt"),
    ({"changes": None}, "changes"),
    ({"changes": []}, "changes"),
    ({"changes": ["1:2=+1"] * 65}, "changes"),
    ({"changes": "1:2=+1"}, "changes"),
    ({"changes": {**OF_LABEL, "classifier": None}}, "changes.classifier"),
    ({"changes": {**OF_LABEL, "label": 1}}, "changes.label"),
    ({"changes": {**OF_LABEL, "boost": 1e9}}, "changes.boost"),
    ({"changes": {**OF_LABEL, "boost": None, "clamp": -1}}, "changes.clamp"),
    ({"changes": {**OF_LABEL, "boost": None, "suppress": False}}, "changes.suppress"),
    ({"changes": {**OF_LABEL, "top": 0}}, "changes.top"),
    ({"changes": {**OF_LABEL, "scale": 2}}, "changes.scale"),
    ({"phase": "later"}, "phase"),
    ({"phase": []}, "phase"),
    ({"max_new_tokens": 129}, "max_new_tokens"),
    ({"max_new_tokens": True}, "max_new_tokens"),
    ({"temperature": 2.1}, "temperature"),
    ({"temperature": 1e-300}, "temperature"),
    ({"temperature": 1, "top_p": 0}, "top_p"),
    ({"seed": -1}, "seed"),
    ({"controls": "no"}, "controls"),
    ({"stream": True}, "stream"),
]
UNKNOWN_TO_THE_SCHEMA = [
    ({"changes": ["2:17=+6", "2:17"]}, "changes[1]"),
    ({"changes": ["2:17=+60000"]}, "changes[0]"),
    ({"changes": {**OF_LABEL, "clamp": 1}}, "changes"),
    ({"changes": {**OF_LABEL, "boost": None}}, "changes"),
    ({"changes": {**OF_LABEL, "classifier": "insult"}}, "changes.classifier"),
    ({"top_p": 0.9}, "top_p"),
]


@pytest.mark.parametrize(("given", "param"), [*WRONG, *UNKNOWN_TO_THE_SCHEMA])
def test_what_is_wrong_is_a_400_that_names_the_field_before_anything_is_started(service, jobs, given, param):
    answer = steer(service, **given)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not jobs


@pytest.mark.parametrize(
    ("given", "right"),
    [({}, True), ({"changes": OF_LABEL}, True), *((given, False) for given, _ in WRONG)],
)
def test_the_document_allows_what_the_route_does(service, given, right):
    document = service.ask("GET", "/openapi.json").json()
    request = {"$ref": "#/components/schemas/SteeringRequest", "components": document["components"]}
    assert Draft202012Validator(request).is_valid({**BODY, **given}) is right


def test_a_second_steering_meanwhile_is_told_to_wait(service, jobs):
    request = ("POST", PATH, BODY, {"headers": ADMIN})
    answers = service.ask_all([request, request])
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert "retry-after" in max(answers, key=lambda answer: answer.status_code).headers
    assert len(jobs) == 1
