import json

import pytest
from jsonschema import Draft202012Validator
from scopesift_service.apis.classifiers import version_routes
from scopesift_service.versions.registry import Registry
from scopesift_service.versions.suggestions import Suggestion, Suggestions

TOKEN = "an-admin-token-of-28-letters"
ADMIN = {"authorization": f"Bearer {TOKEN}"}
PATH = "/v1/classifiers/toxicity/transfer"
ACTIVATE = "/v1/classifiers/toxicity/activate"
ROWS = [{"text": "Du Depp", "label": "toxic"}, {"text": "Guten Tag", "label": "clean"}]
START = "a" * 12


@pytest.fixture
def jobs(monkeypatch):
    """Transfers are recorded instead of run."""
    asked = []

    async def run_job(kind, job, seconds):
        asked.append(job)
        return {"name": job["name"], "version": "d" * 12, "lang": job["lang"]}

    monkeypatch.setattr(version_routes, "run_job", run_job)
    return asked


@pytest.fixture
def state(tmp_path):
    registry = Registry(tmp_path)
    registry.store("toxicity", START, '{"by_lang": {}}')
    return registry


@pytest.fixture
def service(make_service, state):
    return make_service(state=state.folder, admin_token=TOKEN, max_examples=3)


def test_without_token_or_state_folder_versions_cannot_be_changed_at_all(make_service, tmp_path):
    for settings in ({}, {"state": tmp_path}, {"admin_token": TOKEN}):
        service = make_service(**settings)
        for path in (PATH, ACTIVATE):
            assert service.ask("POST", path, {}, headers=ADMIN).status_code == 403
        assert service.ask("GET", "/v1/classifiers").json()["transfer"]["enabled"] is False


def test_only_the_admin_token_in_its_header_opens_the_admin_routes(make_service, state):
    service = make_service(state=state.folder, admin_token=TOKEN, api_keys=("a-key",))
    for headers in ({}, {"authorization": "Bearer a-key"}, {"x-api-key": TOKEN}, {"authorization": TOKEN}):
        for path in (PATH, ACTIVATE):
            assert service.ask("POST", path, {}, headers=headers).status_code == 401
    assert service.ask("POST", f"{PATH}?key={TOKEN}", {}).status_code == 401
    assert service.ask("POST", PATH, {}, headers=ADMIN).status_code == 400


def test_examples_reach_the_job_and_its_answer_comes_back_as_made(service, jobs):
    answer = service.ask("POST", PATH, {"lang": "de", "examples": ROWS}, headers=ADMIN)
    assert answer.status_code == 201
    assert answer.json()["version"] == "d" * 12
    asked = {"lang": "de", "texts": ["Du Depp", "Guten Tag"], "labels": ["toxic", "clean"]}
    rest = {"positive_share": None, "dry_run": False, "activate": True, "suggested_until": None}
    assert jobs == [{"action": "transfer", "name": "toxicity", "who": "admin", **asked, **rest}]


def test_a_draft_is_asked_for_by_name(service, jobs):
    body = {"lang": "de", "examples": ROWS, "activate": False}
    assert service.ask("POST", PATH, body, headers=ADMIN).status_code == 201
    assert jobs[0]["activate"] is False


def test_texts_without_labels_reach_the_job_with_the_share_to_flag(service, jobs):
    body = {"lang": "de", "unlabelled": ["Guten Tag", "Du Depp"], "positive_share": 0.25}
    assert service.ask("POST", PATH, body, headers=ADMIN).status_code == 201
    asked = {"lang": "de", "texts": ["Guten Tag", "Du Depp"], "labels": None, "positive_share": 0.25}
    assert jobs == [
        {
            "action": "transfer",
            "name": "toxicity",
            "who": "admin",
            **asked,
            "dry_run": False,
            "activate": True,
            "suggested_until": None,
        }
    ]


def test_the_newest_suggestions_with_the_last_decision_of_each_text_reach_the_job(service, state, jobs):
    stored = Suggestions(state.home("toxicity"), 10)
    decisions = (("a", "toxic"), ("b", "toxic"), ("c", "clean"), ("d", "clean"), ("b", "clean"))
    stored.add([Suggestion(text, label, "de") for text, label in decisions])
    stored.add([Suggestion("e", "toxic", "nl")])
    body = {"lang": "de", "examples": "suggested", "dry_run": True}
    assert service.ask("POST", PATH, body, headers=ADMIN).status_code == 200
    asked = {"lang": "de", "texts": ["c", "d", "b"], "labels": ["clean"] * 3, "suggested_until": 5}
    rest = {"positive_share": None, "dry_run": True, "activate": True}
    assert jobs == [{"action": "transfer", "name": "toxicity", "who": "admin", **asked, **rest}]


def test_without_suggestions_of_the_language_the_transfer_says_where_they_come_from(service, state, jobs):
    Suggestions(state.home("toxicity"), 10).add([Suggestion("a", "toxic", "nl")])
    answer = service.ask("POST", PATH, {"lang": "de", "examples": "suggested"}, headers=ADMIN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "no_suggestions")
    assert "comments:suggestscore" in answer.json()["error"]["message"]
    assert not jobs


@pytest.mark.parametrize(("given", "dry"), [(True, True), (False, False), (None, False)])
def test_a_dry_run_is_asked_for_by_name_and_makes_nothing(service, jobs, given, dry):
    body = {"lang": "de", "examples": ROWS, "dry_run": given}
    answer = service.ask("POST", PATH, body, headers=ADMIN)
    assert (answer.status_code, jobs[0]["dry_run"]) == (200 if dry else 201, dry)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"examples": ROWS}, 400),
        ({"lang": "../x", "examples": ROWS}, 400),
        ({"lang": "xx", "examples": ROWS}, 422),
        ({"lang": "de"}, 400),
        ({"lang": "de", "examples": []}, 400),
        ({"lang": "de", "examples": ["a"]}, 400),
        ({"lang": "de", "examples": [{"text": "a"}]}, 400),
        ({"lang": "de", "examples": [{"text": 1, "label": "toxic"}]}, 400),
        ({"lang": "de", "examples": [{"text": "a", "label": " "}]}, 400),
        ({"lang": "de", "examples": [{"text": "x" * 30000, "label": "toxic"}]}, 413),
        ({"lang": "de", "examples": ROWS * 2}, 413),
        ({"lang": "de", "examples": ROWS, "dry_run": "yes"}, 400),
        ({"lang": "de", "examples": ROWS, "activate": "no"}, 400),
        ({"lang": "de", "examples": ROWS, "activate": False, "dry_run": True}, 400),
        ({"lang": "de", "examples": ROWS, "unlabelled": ["a"]}, 400),
        ({"lang": "de", "examples": "all"}, 400),
        ({"lang": "de", "examples": "suggested"}, 422),
        ({"lang": "de", "examples": "suggested", "positive_share": 0.5}, 400),
        ({"lang": "de", "examples": ROWS, "positive_share": 0.5}, 400),
        ({"lang": "de", "unlabelled": []}, 400),
        ({"lang": "de", "unlabelled": [1]}, 400),
        ({"lang": "de", "unlabelled": ["a"] * 4}, 413),
        ({"lang": "de", "unlabelled": ["a"], "positive_share": 1}, 400),
        ({"lang": "de", "unlabelled": ["a"], "positive_share": True}, 400),
    ],
)
def test_examples_are_checked_before_anything_is_started(service, jobs, body, status):
    assert service.ask("POST", PATH, body, headers=ADMIN).status_code == status
    assert not jobs


@pytest.mark.parametrize(
    ("path", "body", "takes"),
    [
        (PATH, {"lang": "de", "examples": ROWS, "dryrun": True}, "activate, dry_run, examples, lang"),
        (PATH, {"lang": "de", "examples": "suggested", "dryrun": None}, "activate, dry_run, examples, lang"),
        (ACTIVATE, {"version": START, "dry_run": True}, "version"),
        (ACTIVATE, {"versoin": START}, "version"),
    ],
)
def test_a_misspelt_field_is_refused_with_the_names_of_all_fields_and_changes_nothing(
    service, state, jobs, path, body, takes
):
    answer = service.ask("POST", path, body, headers=ADMIN)
    error, misspelt = answer.json()["error"], list(body)[-1]
    assert (answer.status_code, error["code"], error["param"]) == (400, "unknown_field", misspelt)
    assert f"unknown field {misspelt!r}; this request takes {takes}" in error["message"]
    assert not jobs
    assert state.active("toxicity") is None


def test_a_field_that_is_null_counts_as_left_out(service, jobs):
    body = {"lang": "de", "examples": ROWS, "unlabelled": None, "positive_share": None, "dry_run": None}
    assert service.ask("POST", PATH, body, headers=ADMIN).status_code == 201
    assert len(jobs) == 1


@pytest.mark.parametrize(
    ("name", "good"),
    [
        (
            "TransferRequest",
            {"lang": "de", "examples": ROWS, "unlabelled": None, "positive_share": None, "dry_run": None},
        ),
        ("TransferRequest", {"lang": "de", "examples": None, "unlabelled": ["a"]}),
        ("ActivateRequest", {"version": START}),
    ],
)
def test_the_document_allows_null_and_no_other_fields(service, name, good):
    document = service.ask("GET", "/openapi.json").json()
    schema = Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    )
    assert schema.is_valid(good)
    assert not schema.is_valid({**good, "dryrun": True})


def test_an_unknown_classifier_is_a_404(service, jobs):
    path = PATH.replace("toxicity", "nothing")
    assert service.ask("POST", path, {"lang": "de", "examples": ROWS}, headers=ADMIN).status_code == 404
    assert service.ask("GET", "/v1/classifiers/nothing").status_code == 404


def test_a_second_transfer_meanwhile_is_told_to_wait(service, monkeypatch):
    import asyncio

    async def slow(kind, job, seconds):
        await asyncio.sleep(0.1)
        return {"version": "d" * 12}

    monkeypatch.setattr(version_routes, "run_job", slow)
    request = ("POST", PATH, {"lang": "de", "examples": ROWS}, {"headers": ADMIN})
    answers = service.ask_all([request, request])
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert "retry-after" in max(answers, key=lambda answer: answer.status_code).headers


def test_activating_writes_the_pointer_and_names_the_version_before(service, state):
    answer = service.ask("POST", ACTIVATE, {"version": START}, headers=ADMIN)
    assert answer.json() == {"name": "toxicity", "version": START, "previous": None}
    assert state.active("toxicity") == START


def test_a_version_that_the_engine_does_not_take_is_taken_back(service, state):
    state.store("toxicity", "e" * 12, "{}")
    answer = service.ask("POST", ACTIVATE, {"version": "e" * 12}, headers=ADMIN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "version_unusable")
    assert state.active("toxicity") == START


@pytest.mark.parametrize(
    ("version", "status"), [("f" * 12, 404), ("../../etc", 400), (None, 400), ("F" * 12, 400)]
)
def test_only_a_stored_version_can_be_activated(service, state, version, status):
    assert service.ask("POST", ACTIVATE, {"version": version}, headers=ADMIN).status_code == status
    assert state.active("toxicity") is None


def test_while_another_holds_the_lock_activation_is_a_409(service, state, monkeypatch):
    monkeypatch.setattr(version_routes, "ACTIVATE_SECONDS", 0.05)
    with state.lock("toxicity", seconds=1):
        assert service.ask("POST", ACTIVATE, {"version": START}, headers=ADMIN).status_code == 409


def test_the_detail_lists_the_versions_with_their_languages(service, state):
    state.store("toxicity", "e" * 12, json.dumps({"by_lang": {"fr": {}}}))
    detail = service.ask("GET", "/v1/classifiers/toxicity").json()
    langs = {row["version"]: (row["active"], row["langs"]) for row in detail["versions"]}
    assert langs == {START: (True, []), "e" * 12: (False, ["fr"])}
    assert all(row["created"] for row in detail["versions"])
