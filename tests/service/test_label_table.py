"""Tables that give others' names to our classifiers and labels."""

import pytest
from scopesift_files.errors import UsageError
from scopesift_service.label_table import LabelSource, LabelTable

SETTING = "SCOPESIFT_X"


def test_a_name_stands_for_a_classifier_or_for_a_label_of_one():
    table = LabelTable.parse(SETTING, " TOXICITY = toxicity, POLITICS=domain:politics ,")
    assert table.sources == {
        "TOXICITY": LabelSource("toxicity"),
        "POLITICS": LabelSource("domain", "politics"),
    }
    assert LabelTable.parse(SETTING, "") == LabelTable()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("TOXICITY", "NAME=classifier"),
        ("=toxicity", "NAME=classifier"),
        ("A=", "NAME=classifier"),
        ("A=domain:", "NAME=classifier"),
        ("A=toxicity,A=domain:sports", "'A' twice"),
    ],
)
def test_another_form_is_one_line_that_names_the_setting(text, told):
    with pytest.raises(UsageError, match=f"{SETTING} .*{told}"):
        LabelTable.parse(SETTING, text)


def test_a_name_outside_the_ones_there_may_be_is_refused_with_their_list():
    with pytest.raises(UsageError, match="'harrassment'; there are harassment, hate"):
        LabelTable.parse(SETTING, "harrassment=toxicity", ("harassment", "hate"))


def test_a_source_reads_score_decision_and_evidence_of_its_label_only(judge_text):
    item = judge_text("Du idiot, das ist so")
    toxic, german, dutch = (
        LabelSource("toxicity"),
        LabelSource("language", "de"),
        LabelSource("language", "nl"),
    )
    assert [source.score(item) for source in (toxic, german, dutch)] == [0.9, 0.8, 0.1]
    assert [source.given(item) for source in (toxic, german, dutch)] == [True, True, False]
    assert [len(source.evidence(item)) for source in (toxic, german, dutch)] == [1, 0, 0]
    item["verdicts"]["language"]["evidence"] = item["verdicts"]["toxicity"]["evidence"]
    assert [len(source.evidence(item)) for source in (german, dutch)] == [1, 0]
