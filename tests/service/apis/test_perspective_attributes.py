"""Which attributes are answered, refused or left out."""

import pytest
from scopesift_service.label_table import LabelTable

PATH = "/v1alpha1/comments:analyze"
TEXT = "Du idiot, das ist so"
TABLE = LabelTable.parse("X", "SEVERE_TOXICITY=toxicity,GERMAN=language:de,DUTCH=language:nl")


def ask(service, *attributes, **fields):
    wanted = {name: {} for name in attributes}
    body = {"comment": {"text": TEXT}, "requestedAttributes": wanted, **fields}
    return service.ask("POST", PATH, body)


def values(answer):
    return {name: one["summaryScore"]["value"] for name, one in answer.json()["attributeScores"].items()}


@pytest.fixture
def mapped(make_service):
    return make_service(perspective_attributes=TABLE)


def test_several_attributes_in_one_call_each_get_their_classifiers_or_labels_score(mapped, engine):
    answer = ask(mapped, "TOXICITY", "SEVERE_TOXICITY", "GERMAN", "DUTCH")
    assert values(answer) == {"TOXICITY": 0.9, "SEVERE_TOXICITY": 0.9, "GERMAN": 0.8, "DUTCH": 0.1}
    assert engine.asked == [[TEXT]]


def test_a_client_written_for_perspective_gets_all_it_asks_for_with_spans_languages_and_nulls(make_service):
    service = make_service(perspective_attributes=TABLE, perspective_missing="omit")
    wanted = {
        "TOXICITY": {"scoreType": None, "scoreThreshold": 0.5},
        "SEVERE_TOXICITY": None,
        "GERMAN": {},
        "DUTCH": {"scoreThreshold": 0.5},
        "INSULT": {},
        "SEXUALLY_EXPLICIT": {},
    }
    answer = ask(
        service,
        requestedAttributes=wanted,
        languages=["de"],
        spanAnnotations=True,
        doNotStore=True,
        clientToken="t-1",
        context=None,
        sessionId=None,
        communityId=None,
    ).json()
    assert answer["attributeScores"].keys() == {"TOXICITY", "SEVERE_TOXICITY", "GERMAN"}
    for name in ("TOXICITY", "SEVERE_TOXICITY"):
        (span,) = answer["attributeScores"][name]["spanScores"]
        assert TEXT[span["begin"] : span["end"]] == "idiot"
    (whole,) = answer["attributeScores"]["GERMAN"]["spanScores"]
    assert (whole["begin"], whole["end"]) == (0, len(TEXT))
    assert (answer["languages"], answer["detectedLanguages"], answer["clientToken"]) == (
        ["de"],
        ["de"],
        "t-1",
    )


def test_a_name_of_the_table_replaces_the_classifiers_own(make_service):
    service = make_service(perspective_attributes=LabelTable.parse("X", "TOXICITY=language:nl"))
    assert values(ask(service, "TOXICITY")) == {"TOXICITY": 0.1}


def test_an_attribute_of_perspective_that_nothing_assesses_is_refused_unless_told_to_omit_it(
    make_service, service
):
    assert ask(service, "TOXICITY", "INSULT").status_code == 400
    omitting = make_service(perspective_missing="omit")
    assert values(ask(omitting, "TOXICITY", "INSULT")) == {"TOXICITY": 0.9}
    assert values(ask(omitting, "ATTACK_ON_AUTHOR", "COMPASSION_EXPERIMENTAL")) == {}


@pytest.mark.parametrize(
    ("attributes", "named", "them"),
    [(["INSULT"], "INSULT", "it"), (["THREAT", "TOXICITY", "INSULT"], "THREAT, INSULT", "them")],
)
def test_all_that_only_perspective_has_are_named_with_what_leaves_them_out(service, attributes, named, them):
    assert ask(service, *attributes).json()["error"]["message"] == (
        f"Perspective has {named}, but no classifier here assesses {them}; this service has TOXICITY: set "
        f"SCOPESIFT_PERSPECTIVE_MISSING=omit, or send dropUnsupportedAttributes, to leave {them} out"
    )


def test_a_request_may_ask_for_the_omission_itself_as_perspectives_may(service):
    answer = ask(service, "TOXICITY", "INSULT", dropUnsupportedAttributes=True)
    assert values(answer) == {"TOXICITY": 0.9}
    assert ask(service, "INSULT", dropUnsupportedAttributes=None).status_code == 400
    assert ask(service, "INSULT", dropUnsupportedAttributes="yes").status_code == 400


def test_a_name_that_neither_knows_is_a_400_whatever_the_setting(make_service):
    answer = ask(make_service(perspective_missing="omit"), "TOXICITY", "TOXICITTY")
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["message"] == "Unknown requested attribute: TOXICITTY; this service has TOXICITY"


def test_the_openapi_document_lists_the_attributes_of_the_settings(make_service):
    def listed(schema, field, **settings):
        document = make_service(**settings).ask("GET", "/openapi.json").json()
        return set(document["components"]["schemas"][schema]["properties"][field]["properties"])

    analyze = ("AnalyzeCommentRequest", "requestedAttributes")
    suggest = ("SuggestCommentScoreRequest", "attributeScores")
    assert listed(*analyze) == listed(*suggest) == {"TOXICITY"}
    assert listed(*analyze, perspective_attributes=TABLE) == {"TOXICITY", *TABLE.sources}
    assert listed(*suggest, perspective_attributes=TABLE) == {"TOXICITY", "SEVERE_TOXICITY"}
    assert "INSULT" in listed(*analyze, perspective_missing="omit")
