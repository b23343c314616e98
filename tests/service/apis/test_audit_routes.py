import pytest
from scopesift_service.versions.audit import Action, AuditLog, Change
from scopesift_service.versions.registry import Registry

TOKENS = {"alice": "the-token-that-alice-has", "bob": "the-token-that-bob-has"}
UNNAMED = "an-admin-token-without-name"
ACTIVATE = "/v1/classifiers/toxicity/activate"
IN_USE, OTHER = "a" * 12, "e" * 12


def bearer(token):
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def state(tmp_path):
    registry = Registry(tmp_path)
    for version in (IN_USE, OTHER):
        registry.store("toxicity", version, '{"by_lang": {}}')
    return registry


@pytest.fixture
def service(make_service, state):
    return make_service(state=state.folder, admin_token=UNNAMED, admin_tokens=TOKENS, api_keys=("a-key",))


def entries(service, query=""):
    return service.ask("GET", f"/v1/audit{query}", headers=bearer(UNNAMED)).json()["entries"]


def test_a_change_is_told_with_the_name_of_the_token_with_which_it_was_made(service, state):
    state.activate("toxicity", OTHER)
    for token in (*TOKENS.values(), UNNAMED):
        state.activate("toxicity", OTHER)
        answer = service.ask("POST", ACTIVATE, {"version": IN_USE}, headers=bearer(token))
        assert answer.status_code == 200
    found = [(one["who"], one["action"], one["previous"], one["version"]) for one in entries(service)]
    assert found == [(who, "activate", OTHER, IN_USE) for who in ("admin", "bob", "alice")]


def test_the_log_names_the_holder_of_the_token_and_never_the_token(service, log_lines):
    service.ask("POST", ACTIVATE, {"version": IN_USE}, headers=bearer(TOKENS["bob"]))
    assert any('"admin": "bob"' in line for line in log_lines)
    assert not [line for line in log_lines if TOKENS["bob"] in line]


def test_a_version_that_is_in_use_already_is_no_change(service, state):
    state.activate("toxicity", IN_USE)
    assert service.ask("POST", ACTIVATE, {"version": IN_USE}, headers=bearer(UNNAMED)).status_code == 200
    assert entries(service) == []


def test_a_version_that_is_taken_back_has_both_lines(service, state):
    answer = service.ask("POST", ACTIVATE, {"version": OTHER}, headers=bearer(UNNAMED))
    assert answer.json()["error"]["code"] == "version_unusable"
    told = [(one["action"], one["previous"], one["version"]) for one in entries(service)]
    assert told == [("take_back", OTHER, IN_USE), ("activate", IN_USE, OTHER)]


def test_no_version_is_put_into_use_if_the_trail_cannot_be_written(service, state):
    (state.folder / "audit.jsonl").mkdir()
    state.activate("toxicity", OTHER)
    answer = service.ask("POST", ACTIVATE, {"version": IN_USE}, headers=bearer(UNNAMED))
    assert answer.status_code == 503
    assert "audit trail" in answer.json()["error"]["message"]
    assert str(state.folder) not in answer.text
    assert state.active("toxicity") == OTHER
    assert service.ask("GET", "/v1/audit", headers=bearer(UNNAMED)).status_code == 503


def test_the_trail_is_for_admins_only(service, make_service, state):
    for headers in ({}, bearer("a-key"), {"x-api-key": UNNAMED}):
        assert service.ask("GET", "/v1/audit", headers=headers).status_code == 401
    for settings in ({}, {"state": state.folder}, {"admin_tokens": TOKENS}):
        refused = make_service(**settings).ask("GET", "/v1/audit", headers=bearer(TOKENS["bob"]))
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "transfer_disabled")


def test_the_number_of_changes_and_the_classifier_are_chosen_by_the_query(service, state):
    audit = AuditLog(state.folder)
    for name in ("toxicity", "domain", "toxicity"):
        audit.append(Change("alice", Action.TRANSFER, name, OTHER, IN_USE, in_use=False))
    assert len(entries(service)) == 3
    assert len(entries(service, "?limit=1")) == 1
    assert [one["classifier"] for one in entries(service, "?classifier=domain")] == ["domain"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=ten", "limit=1.5", "limit=²", "&".join(["a=1"] * 70)]
)
def test_a_wrong_query_is_a_400(service, query):
    assert service.ask("GET", f"/v1/audit?{query}", headers=bearer(UNNAMED)).status_code == 400


def test_an_admin_token_of_any_name_counts_as_a_key(service):
    for token in (*TOKENS.values(), UNNAMED, "a-key"):
        assert service.ask("GET", "/v1/classifiers", headers=bearer(token)).status_code == 200
