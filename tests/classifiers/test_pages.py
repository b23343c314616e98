from scopesift_classifiers.explanation_page import marked_text, write_explanation
from scopesift_classifiers.page import html_table
from scopesift_classifiers.verdict import Evidence, Verdict


def verdict(*spans):
    evidence = tuple(
        Evidence(0, at, "name", 2.0, 1.0, start, end, "") for at, (start, end) in enumerate(spans)
    )
    return Verdict("binary", "toxic", True, 0.9, {"toxic": 0.9}, "default", evidence)


def test_overlapping_evidence_is_marked_once():
    assert marked_text("abcdefgh", verdict((1, 4), (3, 5), (6, 7))) == "a<mark>bcde</mark>f<mark>g</mark>h"


def test_markup_in_a_text_stays_text():
    assert marked_text("<script>", verdict((0, 1))) == "<mark>&lt;</mark>script&gt;"


def test_cells_are_escaped_and_numbers_stand_right():
    table = html_table(["name", "n"], [["<b>", "3"]], numbers_from=1)
    assert "&lt;b&gt;" in table
    assert "<td class=n>3</td>" in table


def test_a_page_with_a_lone_surrogate_can_be_written(tmp_path):
    write_explanation(
        tmp_path / "page.html", "bad \ud800 text", {"toxicity": verdict((0, 3))}, "tiny", {"toxicity": "1"}
    )
    assert "<mark>bad</mark>" in (tmp_path / "page.html").read_text(encoding="utf-8")
