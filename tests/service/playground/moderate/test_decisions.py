"""Decisions by keyboard alone, taken back, and exported as files that the other parts read."""

import json

import pytest
from scopesift_classifiers.labelled_rows.rows import read_labelled
from scopesift_service.settings import ServiceSettings
from typer.testing import CliRunner

from scopesift.cli import app

DECISIONS = "queue.rows.map((row) => row.decision)"
FIVE = "\n".join(f"text {n} score=0.{9 - n} lang=de" for n in range(5))


def test_everything_from_paste_to_export_goes_by_keyboard(tab):
    def tab_to(name):
        for _ in range(40):
            if tab.run("document.activeElement.id") == name:
                return
            tab.press("Tab")
        raise AssertionError(f"{name} is not reached")

    tab_to("paste")
    tab.send("Input.insertText", text=FIVE)
    tab_to("begin")
    tab.press("Enter")
    tab.until("document.activeElement.id === 'grid' && queue.rows.every((row) => row.verdicts)")
    tab.press("r", "a", "u", "j", "r")
    assert tab.run(DECISIONS) == ["reject", "approve", "unsure", "", "reject"]
    tab.press("k", "Home", "n")
    assert tab.run("grid.current.text") == "text 3 score=0.6 lang=de"
    tab.press("z")
    assert tab.run(DECISIONS)[4] == ""
    tab.press("z", held="Shift")
    assert tab.run(DECISIONS)[4] == "reject"
    tab.press("Backspace")
    assert tab.run(DECISIONS)[4] == ""
    tab.press("Enter")
    assert tab.run("document.activeElement.id") == "passage-text"
    tab.press("Escape")
    assert tab.run("document.activeElement.id") == "grid"
    tab.press("/")
    assert tab.run("document.activeElement.id") == "filter-words"
    assert tab.run("at('filter-words').value") == ""
    tab.press("Enter", "?")
    assert tab.run("at('keys').open")
    tab.press("Escape")
    assert not tab.run("at('keys').open")
    tab.run("document.querySelector('.skip').focus()")
    tab_to("export")


def test_each_key_that_acts_is_on_the_page(tab):
    listed = tab.run("[...document.querySelectorAll('#keys kbd')].map((key) => key.textContent)")
    acting = tab.run("Object.keys(DECIDING)")
    assert {"A", "R", "U", "Backspace"} <= set(listed)
    assert set(acting) == {"a", "r", "u", "Backspace", "Delete"}
    for key in ("↓", "↑", "J", "K", "N", "Home", "End", "Z", "Enter", "/", "?", "Esc"):
        assert key in listed


def test_letters_decide_nothing_outside_the_table(tab, moderate):
    moderate(FIVE)
    for name in ("filter-words", "order", "export", "cut"):
        tab.run(f"at('{name}').focus()")
        tab.press("r", "a", "Backspace")
    assert tab.run("steps.done.length") == 0


def test_several_rows_are_decided_and_taken_back_as_one_step(tab, moderate):
    moderate(FIVE)
    tab.run("at('grid').focus()")
    tab.press("Home")
    tab.press("ArrowDown", "ArrowDown", held="Shift")
    assert tab.run("chosenRows().length") == 3
    tab.press("r")
    assert tab.run(DECISIONS) == ["reject", "reject", "reject", "", ""]
    assert "3 texts rejected" in tab.run("at('said').textContent")
    tab.press("a", held="Control")
    tab.press("a")
    assert set(tab.run(DECISIONS)) == {"approve"}
    tab.press("z")
    assert tab.run(DECISIONS) == ["reject", "reject", "reject", "", ""]
    tab.press("z")
    assert set(tab.run(DECISIONS)) == {""}


def test_deciding_in_a_list_of_the_undecided_goes_through_it_row_by_row(tab, moderate, fill):
    moderate(FIVE)
    fill("filter-decision", "undecided")
    tab.run("at('grid').focus()")
    for _ in range(3):
        tab.press("r")
    assert tab.run(DECISIONS) == ["reject", "reject", "reject", "", ""]
    tab.press("z")
    assert tab.run("grid.current.text") == "text 2 score=0.7 lang=de"
    tab.press("u", "u", "u", "r")
    assert tab.run(DECISIONS) == ["reject", "reject", "unsure", "unsure", "unsure"]
    assert tab.run("grid.current") is None


def test_buttons_decide_too_and_show_the_decision(tab, moderate):
    moderate(FIVE)
    tab.run("choose(0)")
    tab.run("document.querySelector('[data-decision=reject]').click()")
    tab.run("choose(0)")
    assert tab.run("document.querySelector('[data-decision=reject]').ariaPressed") == "true"
    assert tab.run("document.querySelector('#row-1 .mark span').ariaLabel") == "rejected"
    tab.run("document.querySelector('[data-decision=reject]').click()")
    assert tab.run(DECISIONS)[0] == ""


SAVED = """new Promise((done) => {
  const make = URL.createObjectURL;
  URL.createObjectURL = (blob) => { blob.text().then(done); URL.createObjectURL = make; return make(blob); };
  at('export-as').value = KIND;
  at('export').click();
})"""
MIXED = [
    {"text": "du Idiot score=0.9 lang=de", "label": "toxic", "id": 17},
    {"text": 'quotes " and\nlines \u2028 score=0.2', "lang": "fr", "id": "b"},
    {"text": "weiß nicht score=0.5", "lang": "tlh"},
    {"text": "\ud83d half score=0.8 lang=und"},
    {"text": "left alone score=0.1"},
]


@pytest.fixture
def exported(tab, moderate, tmp_path):
    """`exported(kind)`: the file that the button saves, after some decisions."""
    moderate("\n".join(json.dumps(row) for row in MIXED))
    for place, decision in enumerate(("reject", "approve", "unsure", "reject")):
        tab.run(f"decide([queue.rows[{place}]], '{decision}')")
    tab.run("relist()")

    def save(kind):
        path = tmp_path / f"{kind}.jsonl"
        path.write_text(tab.run(SAVED.replace("KIND", json.dumps(kind))), encoding="utf-8")
        return path

    return save


def test_exported_labels_are_read_by_the_reader_of_labelled_files(exported):
    rows = read_labelled(exported("labels"))
    assert rows.texts == [MIXED[0]["text"], MIXED[1]["text"], MIXED[3]["text"]]
    assert rows.labels == ["toxic", "clean", "toxic"]
    assert rows.langs == ["de", "fr", None]


def test_an_exported_line_keeps_the_rows_id_and_what_the_service_said(exported):
    first, second, _ = map(json.loads, exported("labels").read_text().split("\n")[:-1])
    assert (first["id"], second["id"]) == (17, "b")
    assert first["score"] == 0.9
    assert (first["classifier"], first["version"]) == ("toxicity", "a6eaded3727d")


def test_the_page_says_how_many_decisions_have_no_label(tab, exported):
    exported("labels")
    assert "3 lines saved; 1 decided text has no label" in tab.run("at('said').textContent")


def test_everything_exported_comes_back_with_its_decisions(tab, exported, moderate):
    whole = exported("all").read_text()
    tab.run("discard()")
    moderate(whole)
    assert tab.run("queue.rows.map((row) => [row.text, row.decision, row.truth, row.id ?? null])") == [
        [MIXED[0]["text"], "reject", "toxic", 17],
        [MIXED[1]["text"], "approve", "", "b"],
        [MIXED[2]["text"], "unsure", "", None],
        [MIXED[3]["text"], "reject", "", None],
        [MIXED[4]["text"], "", "", None],
    ]


def test_exported_labels_are_examples_of_a_transfer(exported):
    from scopesift_service.apis.classifiers.transfer_request import parse_examples

    examples = [json.loads(line) for line in exported("labels").read_text().split("\n")[:-1]]
    found = parse_examples({"lang": "de", "examples": examples}, ServiceSettings())
    assert found.labels == ["toxic", "clean", "toxic"]


def test_exported_suggestions_are_requests_of_suggestscore(exported):
    from scopesift_service.apis.perspective.suggest import parse

    found = [
        parse(json.loads(line), ServiceSettings())
        for line in exported("suggestions").read_text().split("\n")[:-1]
    ]
    assert [one.values for one in found] == [{"TOXICITY": 1}, {"TOXICITY": 0}, {"TOXICITY": 1}]
    assert [one.comment.languages for one in found] == [["de"], ["fr"], []]
    assert [one.comment.client_token for one in found] == ["17", "b", None]


def test_fit_takes_the_exported_file(tab, moderate, tmp_path, tiny_scope_folder):
    texts = [
        f"you idiot number {n} score=0.9" if n % 2 else f"a kind word number {n} score=0.2" for n in range(80)
    ]
    moderate("\n".join(texts))
    tab.run("for (const row of queue.rows) decide([row], isFlagged(row) ? 'reject' : 'approve')")
    tab.run("relist()")
    path, out = tmp_path / "labels.jsonl", tmp_path / "fitted.json"
    path.write_text(tab.run(SAVED.replace("KIND", "'labels'")), encoding="utf-8")
    options = ["fit", "toxicity", "--train", path, "--scope", tiny_scope_folder, "--out", out]
    result = CliRunner().invoke(app, list(map(str, options)))
    assert result.exit_code == 0, result.output
    fit = json.loads(out.read_text())["fit"]
    assert fit["train"]["rows"] + fit["dev"]["rows"] == 80
