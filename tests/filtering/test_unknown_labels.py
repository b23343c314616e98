"""Labels in a condition that the loaded classifiers do not have."""

import pytest
from scopesift_filtering.condition import parse_condition
from scopesift_filtering.unknown_labels import unknown_labels


@pytest.fixture
def warned(engine):
    """What is said of a condition; `engine` has the languages de, en and fr."""
    return lambda sql: unknown_labels(parse_condition(sql), list(engine.classifiers.values()))


def test_a_label_that_is_no_label_is_named_with_those_there_are(warned):
    assert warned("toxicity < 0.5 AND lang = 'english'") == [
        "--where compares lang with 'english', which is no label of it; it has de, en, fr, und"
    ]
    (line,) = warned("ours.LANG <> 'FR'")
    assert line == (
        "--where compares ours.LANG with 'FR', which is no label of it; it has de, en, fr, und; did you mean 'fr'?"
    )


def test_each_wrong_label_is_told_once(warned):
    lines = warned("lang IN ('de', 'xx', 'yy') OR lang = 'xx' OR 'xx' <> lang")
    assert [line.split("'")[1] for line in lines] == ["xx", "yy"]


@pytest.mark.parametrize(
    "sql",
    [
        "lang IN ('de', 'und') AND lang <> 'fr'",
        "input.lang = 'english'",
        "source = 'english'",
        "lang = source",
        "toxicity_flagged = 'true'",
        "lang IS NULL",
        "",
    ],
)
def test_true_labels_and_other_columns_are_not(warned, sql):
    assert warned(sql) == []


def test_a_run_with_a_wrong_label_is_planned_and_tells_of_it(engine, write_jsonl, tmp_path):
    from scopesift_filtering.run_plan import make_plan
    from scopesift_filtering.settings import FilterSettings

    path = write_jsonl("a.jsonl", [{"text": "a", "source": "web"}])
    settings = FilterSettings(where="lang = 'xx' AND source = 'yy'")
    (line,) = make_plan([str(path)], tmp_path / "out", settings, engine).unknown_labels
    assert line.startswith("--where compares lang with 'xx'")
