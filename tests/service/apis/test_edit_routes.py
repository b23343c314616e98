import pytest
from jsonschema import Draft202012Validator
from scopesift_service.apis.classifiers import edit_request, edit_routes
from scopesift_service.versions.progress import Stage, telling
from scopesift_service.versions.registry import Registry

TOKEN = "the-token-that-alice-has"
ADMIN = {"authorization": f"Bearer {TOKEN}"}
RENAME, MUTE = "/v1/classifiers/toxicity/rename", "/v1/classifiers/toxicity/mute"
PROGRESS = "/v1/classifiers/toxicity/progress"
ROWS = [{"text": "Du Depp", "label": "toxic"}, {"text": "Guten Tag", "label": "clean"}]
NAMING = {"feature": "4:17", "given_name": "insults"}


@pytest.fixture
def jobs(monkeypatch):
    """Changes are recorded instead of made."""
    asked = []

    async def run_job(kind, job, seconds):
        asked.append(job)
        return {"name": job["name"], "version": "d" * 12, "active": job["activate"] and not job["dry_run"]}

    monkeypatch.setattr(edit_routes, "run_job", run_job)
    return asked


@pytest.fixture
def service(make_service, tmp_path):
    return make_service(state=tmp_path, admin_tokens={"alice": TOKEN}, max_examples=3)


def test_a_naming_reaches_the_job_with_who_asked_for_it(service, jobs):
    answer = service.ask("POST", RENAME, NAMING, headers=ADMIN)
    assert answer.status_code == 201
    (job,) = jobs
    assert (job["action"], job["who"], job["layer"], job["index"]) == ("rename", "alice", 4, 17)
    assert (job["given_name"], job["dry_run"], job["activate"]) == ("insults", False, True)


def test_a_muting_reaches_the_job_with_the_examples_to_compare_on(service, jobs):
    body = {"feature": "8:2020", "examples": ROWS, "activate": False}
    assert service.ask("POST", MUTE, body, headers=ADMIN).status_code == 201
    (job,) = jobs
    assert (job["action"], job["layer"], job["index"], job["activate"]) == ("mute", 8, 2020, False)
    assert (job["texts"], job["labels"]) == (["Du Depp", "Guten Tag"], ["toxic", "clean"])


def test_a_dry_run_is_a_200_and_examples_may_be_left_out(service, jobs):
    answer = service.ask(
        "POST", MUTE, {"feature": "8:2020", "dry_run": True, "examples": None}, headers=ADMIN
    )
    assert (answer.status_code, jobs[0]["texts"]) == (200, [])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (RENAME, {"given_name": "a"}, 400), (RENAME, {"feature": "4:17"}, 400),
        (RENAME, {"feature": "4-17", "given_name": "a"}, 400), (RENAME, {"feature": 17, "given_name": "a"}, 400),
        (RENAME, {"feature": "4:17", "given_name": "x" * 81}, 400), (RENAME, {**NAMING, "name": "b"}, 400),
        (RENAME, {**NAMING, "dry_run": True, "activate": True}, 400), (RENAME, {**NAMING, "activate": 1}, 400),
        (MUTE, {}, 400), (MUTE, {"feature": "²:1"}, 400), (MUTE, {"feature": "4:17\n"}, 400),
        (MUTE, {"feature": "4:17", "examples": []}, 400), (MUTE, {"feature": "4:17", "examples": "all"}, 400),
        (MUTE, {"feature": "4:17", "examples": [{"text": "a"}]}, 400),
        (MUTE, {"feature": "4:17", "examples": ROWS * 2}, 413), (MUTE, {"feature": "4:17", "given_name": "a"}, 400),
    ],
)  # fmt: skip
def test_a_body_is_checked_before_anything_is_started(service, jobs, path, body, status):
    assert service.ask("POST", path, body, headers=ADMIN).status_code == status
    assert jobs == []


def test_only_an_admin_token_opens_them_and_without_a_state_folder_they_are_off(service, make_service, jobs):
    for path, method, body in (
        (RENAME, "POST", NAMING),
        (MUTE, "POST", {"feature": "4:1"}),
        (PROGRESS, "GET", None),
    ):
        assert service.ask(method, path, body).status_code == 401
        off = make_service(admin_token=TOKEN).ask(method, path, body, headers=ADMIN)
        assert (off.status_code, off.json()["error"]["code"]) == (403, "transfer_disabled")
        unknown = path.replace("toxicity", "nothing")
        assert service.ask(method, unknown, body, headers=ADMIN).status_code == 404
    assert jobs == []


@pytest.mark.parametrize(("name", "good"), [("RenameRequest", NAMING), ("MuteRequest", {"feature": "4:17"})])
def test_the_document_allows_what_the_routes_take(service, name, good):
    document = service.ask("GET", "/openapi.json").json()
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    assert Draft202012Validator(schema).is_valid(good)
    assert not Draft202012Validator(schema).is_valid({**good, "feature": "17"})
    assert not Draft202012Validator(schema).is_valid({**good, "dryrun": True})


def test_progress_is_that_of_the_change_that_is_made_now(service, tmp_path):
    assert service.ask("GET", PROGRESS, headers=ADMIN).json() == {"name": "toxicity", "running": None}
    with telling(Registry(tmp_path).home("toxicity"), "transfer", "bob") as tell:
        tell(Stage.CHOOSING, 3, 9)
        answer = service.ask("GET", PROGRESS, headers=ADMIN).json()
    document = service.ask("GET", "/openapi.json").json()
    schema = {"$ref": "#/components/schemas/ProgressAnswer", "components": document["components"]}
    Draft202012Validator(schema).validate(answer)
    assert (answer["running"]["stage"], answer["running"]["done"], answer["running"]["of"]) == (
        "choosing",
        3,
        9,
    )


def test_names_are_as_long_as_the_artifact_takes_them():
    from scopesift_classifiers.editing.naming import LONGEST_NAME

    assert edit_request.LONGEST_NAME == LONGEST_NAME
