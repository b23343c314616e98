import pytest

TEXTS = ["you idiot", "fine", "poison"]


def classify(service, **options):
    return service.ask("POST", "/v1/classify", {"texts": TEXTS, **options})


def test_only_the_named_classifiers_answer_with_their_versions_also_for_a_text_that_failed(service):
    answer = classify(service, classifiers=["domain", "toxicity"]).json()
    asked = {"toxicity": "aaaaaaaaaaaa", "domain": "cccccccccccc"}
    assert answer["classifiers"] == asked
    for record in answer["results"]:
        assert record["classifiers"] == asked
        assert "language" not in record
    assert {"toxicity", "domain"} < answer["results"][0].keys()
    assert "error" in answer["results"][2]


@pytest.mark.parametrize(
    ("cut", "flags"),
    [(0.05, [True, True]), (0.1, [True, True]), (0.5, [True, False]), (0.95, [False, False])],
)
def test_the_flag_follows_the_threshold_and_the_cut_that_decided_stands_in_the_verdict(service, cut, flags):
    results = classify(service, thresholds={"toxicity": cut}).json()["results"]
    assert [record["toxicity"]["flagged"] for record in results[:2]] == flags
    assert [record["toxicity"]["cut"] for record in results[:2]] == [cut, cut]
    assert results[0]["language"]["cut"] == 0.3


def test_without_a_threshold_the_cut_is_the_classifiers_own(service):
    first = classify(service).json()["results"][0]
    assert (first["toxicity"]["cut"], first["language"]["cut"], first["domain"]["cut"]) == (0.5, 0.3, 0.4)


def test_explain_false_leaves_out_the_evidence_and_nothing_else(service):
    with_evidence, without = (
        classify(service, explain=explain).json()["results"][0]["toxicity"] for explain in (True, False)
    )
    assert with_evidence.pop("evidence")
    assert with_evidence == without


def test_spans_stand_in_the_language_verdict_of_a_call_that_asks_for_them_and_of_no_other(service):
    asked = classify(service, spans=True, classifiers=["language"]).json()["results"]
    whole = {"start": 0, "end": len("you idiot"), "label": "de", "score": 0.8}
    assert asked[0]["language"]["spans"] == [whole]
    assert "error" in asked[2]
    assert "spans" not in classify(service, spans=False).json()["results"][0]["language"]


def test_with_spans_a_call_may_have_a_third_of_the_characters_since_texts_are_read_three_times(make_service):
    service = make_service(max_call_characters=30)
    assert classify(service).status_code == 200
    answer = classify(service, spans=True)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "call_too_long")


def test_the_tokens_of_the_evidence_are_there_for_a_call_that_asks_and_for_no_other(service):
    asked = classify(service, explain="tokens").json()["results"][0]["toxicity"]["evidence"][0]
    assert asked.pop("tokens") == [{"start": 4, "end": 9, "word_start": 4, "word_end": 9, "activation": 2.0}]
    assert asked == classify(service).json()["results"][0]["toxicity"]["evidence"][0]


def test_null_leaves_every_option_unset(service):
    nulls = dict.fromkeys(("classifiers", "thresholds", "explain", "spans"))
    assert classify(service, **nulls).json() == classify(service).json()


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"classifiers": ["insult"]}, "classifiers"),
        ({"thresholds": {"insult": 0.5}}, "thresholds"),
    ],
)
def test_an_unknown_classifier_is_a_400_with_the_names_and_the_engine_is_not_asked(
    service, engine, options, param
):
    answer = classify(service, **options)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "unknown_classifier", param)
    assert "toxicity" in error["message"]
    assert not engine.asked


def test_a_threshold_for_a_classifier_of_many_labels_is_a_400_that_names_the_binary_ones(service):
    error = classify(service, thresholds={"language": 0.5}).json()["error"]
    assert error["param"] == "thresholds"
    assert error["message"].endswith("there are toxicity")


@pytest.mark.parametrize(
    "options",
    [
        {"classifiers": []},
        {"classifiers": "toxicity"},
        {"classifiers": [1]},
        {"thresholds": 0.5},
        {"thresholds": ["toxicity"]},
        {"thresholds": {"toxicity": 0}},
        {"thresholds": {"toxicity": 1}},
        {"thresholds": {"toxicity": "0.5"}},
        {"thresholds": {"toxicity": True}},
        {"explain": 1},
        {"explain": "words"},
        {"spans": "yes"},
        {"spans": True, "classifiers": ["toxicity"]},
    ],
    ids=str,
)
def test_wrong_options_are_a_400_that_names_the_field(service, engine, options):
    answer = classify(service, **options)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == next(iter(options))
    assert not engine.asked


def test_a_call_without_names_asks_the_engine_for_no_list_of_classifiers(service, engine, monkeypatch):
    monkeypatch.setattr(engine, "describe", None)
    assert classify(service, explain=False).status_code == 200
