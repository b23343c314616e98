import pyarrow as pa
import pytest
from scopesift_files.errors import UsageError
from scopesift_filtering.condition import CompiledCondition, parse_condition

OURS = pa.table({"toxicity": [0.1, 0.9, 0.4], "lang": ["de", "fr", "fr"]})
INPUT = pa.table({"lang": ["en", None, "fr"], "year": [1999, 2020, None]})


def judge(sql, inputs=INPUT):
    condition = parse_condition(sql)
    columns = condition.input_columns(INPUT.column_names, OURS.column_names)
    part = inputs.select(columns)
    return CompiledCondition(condition.parts, part.schema, OURS.schema).judge(part, OURS)


def test_the_terms_of_an_and_are_the_reasons():
    condition = parse_condition("toxicity < 0.5 AND (ours.lang = 'fr' OR year > 2000) AND year IS NOT NULL")
    assert len(condition.parts) == 3
    assert condition.parts[0] == "toxicity < 0.5"
    assert parse_condition("(lang IN ('a)', 'b'))").parts == ("lang IN ('a)', 'b')",)
    answers, failed = judge("toxicity < 0.5 AND year > 2000")
    assert answers == [(True, False), (False, True), (True, None)]
    assert not failed


def test_a_name_that_the_input_and_we_have_is_refused_until_it_is_qualified():
    with pytest.raises(UsageError, match=r"input\.lang or ours\.lang"):
        judge("lang = 'fr'")
    with pytest.raises(UsageError, match="input"):
        judge("LANG = 'fr'")
    assert judge("input.lang = 'en'")[0] == [(True,), (None,), (False,)]
    assert judge("ours.lang = 'de'")[0] == [(True,), (False,), (False,)]


def test_a_row_that_cannot_be_computed_is_named_and_the_others_are_judged():
    odd = pa.table({"lang": ["12", "x", "7"], "year": [1, 2, 3]})
    answers, failed = judge("CAST(input.lang AS INT) > 9", odd)
    assert (answers[0], answers[2]) == ((True,), (False,))
    assert list(failed) == [1]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("toxicity <", "syntax"),
        ("toxicty < 1", "no column 'toxicty'"),
        ("input.toxicity < 1", "no column 'input.toxicity'"),
        ("random() < 0.5", "random"),
        ("current_date > DATE '2020-01-01'", "current_date"),
        ("year > (SELECT max(year) FROM input)", "subquery"),
        ("row_number() OVER () > 1", "window"),
        ("sum(toxicity) > 1", "aggregate"),
        ("toxicity", "true or false"),
        ("true) UNION SELECT (1", "one SQL expression"),
        ("true; DROP TABLE input", "syntax"),
        ("toxicity < 'abc'", "DOUBLE"),
        ("read_text('/etc/hostname') = 'x'", "--where"),
    ],
)
def test_a_bad_condition_is_one_clear_line_before_any_work(sql, says):
    with pytest.raises(UsageError, match="--where") as error:
        judge(sql)
    assert says.lower() in str(error.value).lower()
    assert "\n" not in str(error.value)


def test_messages_begin_with_what_the_condition_is_given_as():
    for sql in ("toxicity <", "random() < 1", "true) UNION SELECT (1", "nothing > 1", "lang = 'fr'"):
        with pytest.raises(UsageError, match=r"^where: "):
            parse_condition(sql, "where").input_columns(INPUT.column_names, OURS.column_names)
    with pytest.raises(UsageError, match=r"^where: "):
        CompiledCondition(("toxicity",), INPUT.schema, OURS.schema, "where")


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("lang = 'fr' OR year > 2000", [("lang", "fr")]),
        ("NOT ('it''s' <> ours.lang)", [("ours.lang", "it's")]),
        (
            "lang IN ('a', 'b', NULL, 3) AND lang NOT IN ('a', 'c')",
            [("lang", "a"), ("lang", "b"), ("lang", "c")],
        ),
        ("CASE WHEN (LANG) == 'x' THEN true ELSE false END", [("LANG", "x")]),
        ("lower(lang) = 'x' OR lang LIKE 'x' OR lang = 'a' || 'b' OR lang > 'x' OR lang = input.lang", []),
    ],
)
def test_the_strings_that_columns_are_compared_with_are_found(sql, found):
    assert [(".".join(path), value) for path, value in parse_condition(sql).comparisons] == found


def test_a_comment_at_the_end_is_no_trouble():
    assert judge("toxicity < 0.5 -- mild")[0] == [(True,), (False,), (True,)]


def test_without_a_condition_every_row_passes():
    assert judge("")[0] == [(), (), ()]
