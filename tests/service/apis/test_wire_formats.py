import pytest
from scopesift_service.published_names import OPENAI_CATEGORIES

ANALYZE = "/v1alpha1/comments:analyze"
TOXIC = "You idiot 😀"


def test_classify_answers_in_order_with_the_text_the_versions_and_offsets_in_code_points(service):
    answer = service.classify("😀 you idiot", "Das Wetter ist gut").json()
    first, second = answer["results"]
    assert first["text"] == "😀 you idiot"
    span = first["toxicity"]["evidence"][0]
    assert first["text"][span["start"] : span["end"]] == "idiot"
    assert second["language"]["label"] == "de"
    assert first["classifiers"] == answer["classifiers"] == {
        "toxicity": "aaaaaaaaaaaa", "language": "bbbbbbbbbbbb", "domain": "cccccccccccc",
    }  # fmt: skip


def test_a_text_that_the_engine_cannot_read_gets_an_error_record_and_its_neighbours_their_answers(service):
    results = service.classify("fine", "poison", "idiot").json()["results"]
    assert results[1]["error"]["code"] == "text_failed"
    assert "toxicity" not in results[1]
    assert [results[0]["toxicity"]["flagged"], results[2]["toxicity"]["flagged"]] == [False, True]


def test_moderations_hold_all_categories_and_say_which_were_assessed(service):
    answer = service.ask(
        "POST", "/v1/moderations", {"input": TOXIC, "model": "omni-moderation-latest"}
    ).json()
    result = answer["results"][0]
    assert set(OPENAI_CATEGORIES) < set(result["categories"])
    assert len(OPENAI_CATEGORIES) == 13
    assert result["flagged"] is True
    assert result["categories"]["toxicity"] is True
    assert result["category_applied_input_types"]["toxicity"] == ["text"]
    for name in OPENAI_CATEGORIES:
        assert result["categories"][name] is False
        assert result["category_scores"][name] == 0
        assert result["category_applied_input_types"][name] == []
    assert answer["classifiers"]["toxicity"] == "aaaaaaaaaaaa"
    assert answer["model"] == "scopesift-tiny"


def test_a_list_of_strings_gets_a_result_each_and_a_list_of_parts_one(service, engine):
    answer = service.ask("POST", "/v1/moderations", {"input": ["fine", "idiot"]}).json()
    assert [result["flagged"] for result in answer["results"]] == [False, True]
    parts = [{"type": "text", "text": "you"}, {"type": "text", "text": "idiot"}]
    assert len(service.ask("POST", "/v1/moderations", {"input": parts}).json()["results"]) == 1
    assert engine.asked[-1] == ["you\nidiot"]


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (None, "input"),
        (3, "input"),
        ([], "input"),
        (["a", 5], "input[1]"),
        (
            [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "http://x"}}],
            "input[1]",
        ),
        ([{"type": "text", "text": 1}], "input[0]"),
        ([{"type": "text", "text": "a"}, "b"], "input[1]"),
        (["a", {"type": "text", "text": "b"}], "input[1]"),
    ],
)
def test_wrong_input_is_a_400_that_names_the_place(service, engine, given, param):
    answer = service.ask("POST", "/v1/moderations", {"input": given})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert not engine.asked


def test_a_moderation_of_an_unreadable_text_is_an_error_and_not_an_all_clear(service):
    answer = service.ask("POST", "/v1/moderations", {"input": ["fine", "poison"]})
    assert answer.status_code == 500
    assert answer.json()["error"]["param"] == "input[1]"


def analyze(service, **fields):
    body = {"comment": {"text": TOXIC}, "requestedAttributes": {"TOXICITY": {}}, **fields}
    return service.ask("POST", ANALYZE, body)


def test_analyze_gives_the_summary_and_the_evidence_as_spans(service):
    scores = analyze(service, spanAnnotations=True).json()["attributeScores"]["TOXICITY"]
    assert scores["summaryScore"] == {"value": 0.9, "type": "PROBABILITY"}
    span = scores["spanScores"][0]
    assert TOXIC[span["begin"] : span["end"]] == "idiot"


def test_without_span_annotations_one_span_covers_the_comment(service):
    scores = analyze(service).json()["attributeScores"]["TOXICITY"]
    assert [(span["begin"], span["end"]) for span in scores["spanScores"]] == [(0, len(TOXIC))]


def test_languages_are_the_callers_or_ours_and_the_detected_ones_always_ours(service):
    german = {"comment": {"text": "Das ist gut"}}
    assert analyze(service, **german).json()["languages"] == ["de"]
    answer = analyze(service, **german, languages=["en"]).json()
    assert (answer["languages"], answer["detectedLanguages"]) == (["en"], ["de"])
    assert analyze(service).json()["detectedLanguages"] == []


def test_a_score_below_the_threshold_is_left_out_and_the_client_token_comes_back(service):
    answer = analyze(
        service, requestedAttributes={"TOXICITY": {"scoreThreshold": 0.95}}, clientToken="t-1"
    ).json()
    assert answer["attributeScores"] == {}
    assert answer["clientToken"] == "t-1"


@pytest.mark.parametrize(
    "fields",
    [
        {"requestedAttributes": {"INSULT": {}}},
        {"requestedAttributes": {}},
        {"requestedAttributes": {"TOXICITY": {"scoreThreshold": 2}}},
        {"requestedAttributes": {"TOXICITY": {"scoreType": "RAW"}}},
        {"requestedAttributes": {"TOXICITY": 1}},
        {"comment": {"text": ""}},
        {"comment": {}},
        {"comment": {"text": "a", "type": "HTML"}},
        {"comment": {"text": "x" * 30000}},
        {"languages": "en"},
        {"languages": ["not a code"]},
        {"doNotStore": "yes"},
        {"clientToken": 5},
        {"context": []},
    ],
)
def test_wrong_fields_are_refused_in_googles_shape(service, fields):
    answer = analyze(service, **fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert error["message"]


def test_a_lone_surrogate_comes_back_as_a_replacement_character(service):
    answer = service.ask(
        "POST",
        "/v1/classify",
        content=b'{"texts": ["a\\ud800b"]}',
        headers={"content-type": "application/json"},
    )
    assert answer.json()["results"][0]["text"] == "a\ufffdb"


@pytest.mark.parametrize(
    "nulls",
    [
        {"comment": {"text": TOXIC, "type": None}},
        {"requestedAttributes": {"TOXICITY": {"scoreType": None}}},
        {"requestedAttributes": {"TOXICITY": {"scoreThreshold": None}}},
        {"requestedAttributes": {"TOXICITY": None}},
        *({name: None} for name in ("context", "doNotStore", "spanAnnotations", "languages")),
        *({name: None} for name in ("clientToken", "sessionId", "communityId")),
    ],
    ids=str,
)
def test_null_leaves_every_optional_field_of_perspective_unset(service, nulls):
    body = {"comment": {"text": TOXIC}, "requestedAttributes": {"TOXICITY": {}}}
    answer = service.ask("POST", ANALYZE, {**body, **nulls})
    assert answer.status_code == 200
    assert answer.json() == service.ask("POST", ANALYZE, body).json()


@pytest.mark.parametrize(
    "nulls",
    [{"comment": None}, {"comment": {"text": None}}, {"requestedAttributes": None}],
    ids=str,
)
def test_null_in_place_of_what_perspective_requires_is_a_400(service, nulls):
    body = {"comment": {"text": TOXIC}, "requestedAttributes": {"TOXICITY": {}}}
    assert service.ask("POST", ANALYZE, {**body, **nulls}).status_code == 400


def test_the_openapi_document_allows_null_for_perspectives_optional_fields(service):
    schema = service.ask("GET", "/openapi.json").json()["components"]["schemas"]["AnalyzeCommentRequest"]
    fields = schema["properties"]
    assert None in fields["comment"]["properties"]["type"]["enum"]
    wish, null = fields["requestedAttributes"]["properties"]["TOXICITY"]["anyOf"]
    assert null == {"type": "null"}
    assert None in wish["properties"]["scoreType"]["enum"]
    assert {"type": "null"} in wish["properties"]["scoreThreshold"]["anyOf"]
    unset = set(fields) - set(schema["required"])
    assert all("null" in fields[name]["type"] for name in unset)
