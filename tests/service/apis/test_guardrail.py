import pytest

PATH = "/beta/litellm_basic_guardrail_api"
AS_SENT = {
    "images": [], "tools": [], "tool_calls": [], "structured_messages": [], "request_data": {"user_api_key_alias": "a"},
    "request_headers": {}, "litellm_version": "1.80.0", "input_type": "request", "litellm_call_id": "c",
    "litellm_trace_id": "t", "additional_provider_specific_params": {},
}  # fmt: skip


def guard(service, *texts, **params):
    body = {**AS_SENT, "texts": list(texts), "additional_provider_specific_params": params}
    return service.ask("POST", PATH, body)


def test_a_call_is_blocked_if_a_text_of_it_is_flagged_and_the_reason_quotes_no_text(service):
    answer = guard(service, "fine", "you idiot").json()
    assert answer["action"] == "BLOCKED"
    assert answer["blocked"] == [{"text": 1, "classifier": "toxicity", "score": 0.9, "cut": 0.5}]
    assert answer["blocked_reason"] == "toxicity 0.9 reaches the cut 0.5 in texts[1]"


def test_other_calls_are_let_through(service):
    answer = guard(service, "fine", "also fine").json()
    assert (answer["action"], answer["blocked"]) == ("NONE", [])
    assert "blocked_reason" not in answer


@pytest.mark.parametrize(("cut", "actions"), [(0.05, ["BLOCKED", "BLOCKED"]), (0.95, ["NONE", "NONE"])])
def test_the_configured_cut_decides(service, cut, actions):
    found = [guard(service, text, thresholds={"toxicity": cut}).json() for text in ("you idiot", "fine")]
    assert [answer["action"] for answer in found] == actions
    assert all(one["cut"] == cut for answer in found for one in answer["blocked"])


def test_only_configured_classifiers_block(service):
    answer = guard(service, "you idiot", classifiers=["toxicity"]).json()
    assert answer["action"] == "BLOCKED"
    assert set(answer["classifiers"]) == {"toxicity"}


@pytest.mark.parametrize("body", [{}, {"texts": []}, {"texts": None, "images": ["…"]}], ids=str)
def test_a_call_without_texts_is_let_through_without_asking_the_engine(service, engine, body):
    assert service.ask("POST", PATH, body).json() == {"action": "NONE"}
    assert not engine.asked


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"classifiers": ["insult"]}, "classifiers"),
        ({"classifiers": ["language"]}, "classifiers"),
        ({"classifiers": []}, "classifiers"),
        ({"thresholds": {"language": 0.5}}, "thresholds"),
        ({"thresholds": {"toxicity": 2}}, "thresholds"),
        ({"threshold": 0.5}, "threshold"),
    ],
    ids=str,
)
def test_a_wrong_configuration_is_a_400_and_lets_nothing_through(service, engine, params, param):
    answer = guard(service, "fine", **params)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == f"additional_provider_specific_params.{param}"
    assert not engine.asked


def test_a_text_that_cannot_be_read_is_an_error_and_not_let_through(service):
    answer = guard(service, "fine", "poison")
    assert (answer.status_code, answer.json()["error"]["param"]) == (500, "texts[1]")


def test_a_service_that_has_nothing_to_block_with_says_so(service, engine, monkeypatch):
    described = [
        {"name": "language", "kind": "many", "labels": ["de"], "unknown": "und"},
    ]

    async def describe():
        return {"classifiers": described}

    monkeypatch.setattr(engine, "describe", describe)
    assert guard(service, "you idiot").status_code == 400
