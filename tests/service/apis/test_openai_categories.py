"""Which of OpenAI's categories are assessed, by the setting."""

from scopesift_service.label_table import LabelTable


def result(service, text):
    return service.ask("POST", "/v1/moderations", {"input": text}).json()["results"][0]


def test_a_category_gets_flag_score_and_input_type_of_what_the_table_names(make_service):
    table = LabelTable.parse("X", "harassment=toxicity,hate=toxicity,violence=language:de")
    found = result(make_service(openai_categories=table), "you idiot")
    assert {name for name, flag in found["categories"].items() if flag} == {"toxicity", "harassment", "hate"}
    assert found["category_scores"]["harassment"] == found["category_scores"]["hate"] == 0.9
    assert found["category_applied_input_types"]["harassment"] == ["text"]
    assert found["category_applied_input_types"]["sexual"] == []
    assert found["category_scores"]["violence"] == 0.9
    assert found["categories"]["violence"] is False


def test_a_label_that_is_given_flags_its_category_and_the_text(make_service):
    table = LabelTable.parse("X", "violence=language:de")
    found = result(make_service(openai_categories=table), "Das ist gut")
    assert (found["categories"]["violence"], found["category_scores"]["violence"]) == (True, 0.8)
    assert found["flagged"] is True
    assert result(make_service(), "Das ist gut")["flagged"] is False
