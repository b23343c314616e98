"""POST /v1alpha1/comments:suggestscore: moderators' decisions, stored as examples."""

import json
import time

import pytest
from scopesift_service.label_table import LabelTable
from scopesift_service.versions.registry import Registry
from scopesift_service.versions.suggestions import Suggestions

PATH = "/v1alpha1/comments:suggestscore"
TEXT = "a-secret-text"


def body(text=TEXT, value=1, attribute="TOXICITY", **fields):
    return {
        "comment": {"text": text},
        "attributeScores": {attribute: {"summaryScore": {"value": value}}},
        "languages": ["de"],
        **fields,
    }


def stored(state, lang="de", name="toxicity"):
    found = Suggestions(Registry(state).home(name), 100).latest(lang, 100)
    return dict(zip(found.texts, found.labels, strict=True))


@pytest.fixture
def service(make_service, tmp_path):
    return make_service(state=tmp_path)


def test_a_decision_is_stored_as_an_example_of_its_label_before_the_answer(service, engine, tmp_path):
    answer = service.ask("POST", PATH, body(clientToken="comment:7", context={"entries": [{"text": "x"}]}))
    assert (answer.status_code, answer.json()) == (
        200,
        {"clientToken": "comment:7", "detectedLanguages": [], "requestedLanguages": ["de"]},
    )
    service.ask("POST", PATH, body("fine", 0))
    assert stored(tmp_path) == {TEXT: "toxic", "fine": "clean"}
    assert engine.asked == []


@pytest.mark.parametrize(
    ("languages", "text", "lang", "detected"),
    [
        (["de-AT", "en"], TEXT, "de", []),
        (["NL"], TEXT, "nl", []),
        (["da"], "Das ist gut", "de", ["de"]),
        ([], "Das ist gut", "de", ["de"]),
        (None, "Das ist gut", "de", ["de"]),
        (None, "hello", "und", []),
        (None, "poison", "und", []),
    ],
)
def test_its_language_is_the_callers_if_it_is_known_here_else_the_detected_one(
    service, tmp_path, languages, text, lang, detected
):
    answer = service.ask("POST", PATH, body(text, languages=languages)).json()
    assert answer == {"detectedLanguages": detected, "requestedLanguages": languages or []}
    assert stored(tmp_path, lang) == {text: "toxic"}


def test_a_score_from_one_half_on_is_the_positive_label(service, tmp_path):
    for value in (0, 0.49, 0.5, 1):
        assert service.ask("POST", PATH, body(f"of {value}", value)).status_code == 200
    assert stored(tmp_path) == {"of 0": "clean", "of 0.49": "clean", "of 0.5": "toxic", "of 1": "toxic"}


def test_of_several_attributes_of_one_classifier_the_highest_score_decides(make_service, tmp_path):
    service = make_service(state=tmp_path, perspective_attributes=LabelTable.parse("X", "INSULT=toxicity"))
    scores = {"TOXICITY": {"summaryScore": {"value": 1}}, "INSULT": {"summaryScore": {"value": 0}}}
    service.ask("POST", PATH, body(attributeScores=scores))
    assert stored(tmp_path) == {TEXT: "toxic"}


def test_only_binary_classifiers_take_decisions_and_others_are_refused_or_left_out(make_service, tmp_path):
    table = LabelTable.parse("X", "GERMAN=language:de,PROFANITY=language:nl")
    refusing = make_service(state=tmp_path, perspective_attributes=table)
    omitting = make_service(state=tmp_path, perspective_attributes=table, perspective_missing="omit")
    for attribute, status in (("INSULT", 200), ("PROFANITY", 200), ("GERMAN", 400), ("NOTHING", 400)):
        assert refusing.ask("POST", PATH, body(attribute=attribute)).status_code == 400
        assert omitting.ask("POST", PATH, body(attribute=attribute)).status_code == status
    assert not list(tmp_path.rglob("*.sqlite3"))


def test_what_only_perspective_has_is_named_with_what_leaves_it_out(service):
    assert service.ask("POST", PATH, body(attribute="INSULT")).json()["error"]["message"] == (
        "Perspective has INSULT, but no binary classifier here assesses it; this service has TOXICITY: set "
        "SCOPESIFT_PERSPECTIVE_MISSING=omit to leave it out"
    )


def test_without_a_state_folder_it_is_off_in_perspectives_form(make_service):
    answer = make_service().ask("POST", PATH, body())
    assert answer.status_code == 403
    assert answer.json()["error"]["status"] == "PERMISSION_DENIED"
    assert "SCOPESIFT_STATE" in answer.json()["error"]["message"]


def test_a_key_is_needed_where_keys_are_set(make_service, tmp_path):
    service = make_service(state=tmp_path, api_keys=("a-key",))
    assert service.ask("POST", PATH, body()).status_code == 401
    assert service.ask("POST", f"{PATH}?key=a-key", body()).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"attributeScores": None},
        {"attributeScores": {}},
        {"attributeScores": {"TOXICITY": None}},
        {"attributeScores": {"TOXICITY": {}}},
        {"attributeScores": {"TOXICITY": 1}},
        {"attributeScores": {"TOXICITY": {"spanScores": []}}},
        *({"attributeScores": {"TOXICITY": {"summaryScore": one}}} for one in (None, 1, {}, {"value": None})),
        *({"attributeScores": {"TOXICITY": {"summaryScore": {"value": one}}}} for one in (2, -1, "1", True)),
        {"attributeScores": {"TOXICITY": {"summaryScore": {"value": 1, "type": "RAW"}}}},
        {"attributeScores": {"APPROVED": {"summaryScore": {"value": 1}}}},
        {"comment": None},
        {"comment": {"text": ""}},
        {"comment": {"text": "x" * 30000}},
        {"languages": "de"},
        {"clientToken": 5},
    ],
    ids=str,
)
def test_wrong_fields_are_refused_in_googles_shape_and_nothing_is_stored(service, tmp_path, fields):
    answer = service.ask("POST", PATH, body(**fields))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert not list(tmp_path.rglob("*.sqlite3"))


def test_null_leaves_optional_fields_unset(service, tmp_path):
    nulls = dict.fromkeys(("languages", "context", "clientToken", "sessionId", "communityId"))
    scores = {"TOXICITY": {"summaryScore": {"value": 1, "type": None}, "spanScores": None}}
    answer = service.ask("POST", PATH, body("Das ist gut", attributeScores=scores, **nulls))
    assert answer.json() == {"detectedLanguages": ["de"], "requestedLanguages": []}
    assert stored(tmp_path) == {"Das ist gut": "toxic"}


def test_a_folder_that_cannot_be_written_is_a_503_and_neither_log_nor_answer_has_the_text(
    make_service, tmp_path, log_lines
):
    (tmp_path / "toxicity").write_text("a file where a folder should be")
    service = make_service(state=tmp_path)
    answer = service.ask("POST", PATH, body())
    assert (answer.status_code, answer.json()["error"]["status"]) == (503, "UNAVAILABLE")
    assert "retry-after" in answer.headers
    assert any("cannot be stored" in line for line in log_lines)
    assert TEXT not in answer.text + "".join(log_lines)


def test_a_stored_text_is_never_in_the_log(service, log_lines):
    for fields in ({}, {"attributeScores": {"NOTHING": {"summaryScore": {"value": 1}}}}):
        service.ask("POST", PATH, body(**fields))
    assert [json.loads(line)["characters"] for line in log_lines if "characters" in line] == [len(TEXT)]
    assert TEXT not in "".join(log_lines)


def test_while_the_engine_is_away_a_decision_with_a_language_is_still_stored(service, engine, tmp_path):
    service.ask("GET", "/openapi.json")  # the classifiers' names are known from then on
    engine.away = True
    assert service.ask("POST", PATH, body()).status_code == 200
    assert service.ask("POST", PATH, body("other", languages=["da"])).status_code == 503
    assert stored(tmp_path) == {TEXT: "toxic"}


def test_more_calls_at_once_than_the_limit_are_told_to_wait(make_service, tmp_path):
    service = make_service(state=tmp_path, max_concurrency=2)
    service.ask("GET", "/openapi.json")
    answers = service.ask_all([("POST", PATH, body(f"text {n}"), {}) for n in range(8)])
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) == len(stored(tmp_path))


def test_calls_that_arrive_during_a_write_are_stored_by_one_more(service, tmp_path, monkeypatch):
    sizes, add = [], Suggestions.add

    def slow(self, suggestions):
        sizes.append(len(suggestions))
        time.sleep(0.2)
        return add(self, suggestions)

    monkeypatch.setattr(Suggestions, "add", slow)
    service.ask("GET", "/openapi.json")
    answers = service.ask_all([("POST", PATH, body(f"text {n}"), {}) for n in range(20)])
    assert {answer.status_code for answer in answers} == {200}
    assert sum(sizes) == len(stored(tmp_path)) == 20
    assert len(sizes) <= 3


def test_the_counts_stand_beside_each_classifier(service, tmp_path):
    for text, value in (("one", 1), ("two", 0), ("one", 0), ("one", 0)):
        service.ask("POST", PATH, body(text, value))
    service.ask("POST", PATH, body("three", languages=["nl"]))
    counts = {"de": {"stored": 2, "new": 2}, "nl": {"stored": 1, "new": 1}}
    listed = service.ask("GET", "/v1/classifiers").json()["classifiers"]
    assert {one["name"]: one["suggestions"] for one in listed} == {
        "toxicity": counts,
        "language": {},
        "domain": {},
    }
    assert service.ask("GET", "/v1/classifiers/toxicity").json()["suggestions"] == counts


def test_a_damaged_file_hides_the_counts_and_not_the_classifiers(service, tmp_path):
    home = Registry(tmp_path).home("toxicity")
    home.mkdir()
    (home / "suggestions.sqlite3").write_text("no database" * 100)
    listed = service.ask("GET", "/v1/classifiers").json()["classifiers"]
    assert {one["name"]: one["suggestions"] for one in listed} == {
        "toxicity": None,
        "language": {},
        "domain": {},
    }
    assert service.ask("POST", PATH, body()).status_code == 503


def test_googles_library_finds_the_method_in_the_discovery_document(service, tmp_path, googles_client):
    answer = googles_client(service).comments().suggestscore(body=body()).execute()
    assert answer["requestedLanguages"] == ["de"]
    assert stored(tmp_path) == {TEXT: "toxic"}
