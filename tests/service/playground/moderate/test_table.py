"""The table: order, filters, the threshold with its counts, and only the rows in sight as elements."""

import json

import pytest

ROWS = [
    ("morons score=0.9 lang=en domain=news", "toxic"),
    ("soup score=0.8 lang=de", "clean"),
    ("Zug score=0.2 lang=de", "clean"),
    ("idiot score=0.4 lang=fr", "toxic"),
    ("lumière score=0.05 lang=fr domain=news", "clean"),
    ("odd score=0.55 lang=und", ""),
]
TEXTS = [text for text, _ in ROWS]
FILE = "\n".join(json.dumps({"text": text, **({"label": label} if label else {})}) for text, label in ROWS)


def words(texts):
    return [text.split()[0] for text in texts]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("highest", "morons soup odd idiot Zug lumière"),
        ("lowest", "lumière Zug idiot odd soup morons"),
        ("nearest", "odd idiot Zug soup morons lumière"),
        ("language", "idiot lumière soup Zug morons odd"),
        ("file", "morons soup Zug idiot lumière odd"),
    ],
)
def test_rows_are_listed_in_each_order(moderate, listed, fill, order, expected):
    moderate(FILE)
    fill("order", order)
    if order == "language":  # by the languages' names: English, French, German, unknown
        assert words(listed()) == ["morons", "idiot", "lumière", "soup", "Zug", "odd"]
    else:
        assert words(listed()) == expected.split()


def test_column_heads_sort_by_keyboard_and_say_so(tab, moderate, listed):
    moderate(FILE)
    tab.run("document.querySelector('.grid-head .score button').focus()")
    assert tab.run("document.activeElement.parentElement.ariaSort") == "descending"
    tab.press("Enter")
    assert tab.run("document.activeElement.parentElement.ariaSort") == "ascending"
    assert words(listed())[0] == "lumière"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("filter-language", "de", "soup Zug"),
        ("filter-language", "unknown", "odd"),
        ("filter-flagged", "flagged", "morons soup odd"),
        ("filter-flagged", "not flagged", "idiot Zug lumière"),
        ("filter-truth", "label toxic", "morons idiot"),
        ("filter-truth", "missed", "idiot"),
        ("filter-truth", "wrongly flagged", "soup"),
        ("filter-from", "0.3", "morons soup odd idiot"),
        ("filter-to", "0.3", "Zug lumière"),
        ("filter-words", "LUMIÈRE", "lumière"),
        ("filter-decision", "undecided", "morons soup odd idiot Zug lumière"),
        ("filter-words", "nowhere", ""),
    ],
)
def test_rows_are_filtered(tab, moderate, listed, fill, field, value, expected):
    moderate(FILE)
    fill(field, value)
    assert words(listed()) == expected.split()
    assert tab.run("at('nothing').hidden") == bool(expected)
    assert tab.run("at('listing-said').textContent") == f"{len(expected.split())} of 6 texts"
    tab.run("at('clear-filters').click()")
    assert len(listed()) == 6


def test_the_labels_of_every_other_classifier_filter_too(moderate, listed, fill):
    moderate(FILE)
    fill("other-filters select", "news")
    assert words(listed()) == ["morons", "lumière"]


FIGURES = """Object.fromEntries(
  [...at('figures').children].map((one) => [one.firstChild.textContent, one.lastChild.textContent]))"""
IN_SIGHT = """(([row, table]) => row.top >= table.top && row.bottom <= table.bottom + 1)(
  [document.querySelector('.current'), at('grid')].map((one) => one.getBoundingClientRect()))"""


def test_the_threshold_counts_live_with_precision_and_recall_of_the_given_labels(tab, moderate, fill):
    moderate(FILE)
    assert tab.run("at('positive').value") == "toxic"
    assert tab.run(FIGURES) == {
        "flagged": "3 50.0%", "not flagged": "3", "precision": "0.50", "recall": "0.50",
        "false positives": "1", "false negatives": "1",
    }  # fmt: skip
    fill("cut", "0.3")
    assert tab.run(FIGURES) == {
        "flagged": "4 66.7%", "not flagged": "2", "precision": "0.67", "recall": "1.00",
        "false positives": "1", "false negatives": "0",
    }  # fmt: skip
    assert tab.run("[...document.querySelectorAll('#rows .flagged')].length") == 4
    assert '"thresholds": {"toxicity": 0.3}' in tab.run("at('cut-note').textContent")
    fill("positive", "clean")
    assert tab.run(FIGURES)["precision"] == "0.33"
    fill("filter-language", "de")
    assert tab.run(FIGURES)["flagged"] == "1 50.0%"
    assert "in German (de)" in tab.run("at('cut-note').textContent")
    tab.run("at('own-cuts').click()")
    assert tab.run("cut.value") is None


def test_a_share_of_nothing_is_no_number(tab, moderate, fill):
    moderate(FILE)
    fill("cut", "0.995")
    assert tab.run(FIGURES)["precision"] == "–"


def test_the_threshold_moves_by_keyboard(tab, moderate):
    moderate(FILE)
    tab.run("at('cut').focus()")
    tab.press("ArrowRight")
    assert tab.run("cut.value") == 0.505


def test_without_labels_nothing_is_compared(tab, moderate):
    moderate("one score=0.9\ntwo")
    assert set(tab.run(FIGURES)) == {"flagged", "not flagged"}
    assert tab.run("at('positive-label').hidden && at('filter-truth-label').hidden")


def test_only_the_rows_in_sight_are_elements(tab, moderate):
    moderate("\n".join(f"text {n} score=0.{n:04}" for n in range(1000)))
    assert tab.run("document.querySelectorAll('#rows .line').length") < 60
    tab.run("choose(999)")
    assert tab.run("document.querySelector('.current .text').textContent") == "text 0 score=0.0000"
    assert tab.run(IN_SIGHT)
    assert tab.run("at('grid').ariaRowCount") == "1001"
    assert (
        tab.run("document.getElementById(at('grid').getAttribute('aria-activedescendant')).ariaRowIndex")
        == "1001"
    )


def test_the_evidence_of_the_current_row_is_whole_words(tab, moderate):
    moderate("what an 😀 idiot! score=0.9\nnothing here")
    tab.run("choose(0)")
    tab.until("passage.kept.size === 1")
    assert tab.run(
        "[...document.querySelectorAll('#passage-text mark')].map((mark) => mark.textContent)"
    ) == ["idiot"]
    assert tab.run("at('evidence').innerText.trim().split(/\\s+/)") == ["idiot", "+0.50"]
    assert tab.run("at('passage-text').textContent") == "what an 😀 idiot! score=0.9"
    tab.run("choose(1)")
    assert tab.run("document.querySelectorAll('#passage-text mark').length") == 0
    assert "No feature" in tab.until("passage.kept.size === 2 && at('evidence').innerText")


def test_markup_in_texts_labels_and_columns_stays_text(tab, moderate):
    moderate('text,label,"<b>x</b>"\n"<img src=x onerror=alert(1)> idiot score=0.9","<i>toxic</i>",1\n')
    tab.run("choose(0)")
    tab.until("passage.kept.size === 1")
    assert tab.run("document.querySelectorAll('main img, .truth i, .facts i, #intake b b').length") == 0
    assert "<img" in tab.run("at('passage-text').textContent")


def test_the_current_row_stays_current_while_verdicts_arrive(tab, moderate, stage):
    moderate("first score=0.3\nsecond score=0.2")
    tab.run("choose(1)")
    tab.run("at('more').click()")
    moderate("third score=0.9\nfourth score=0.25")
    assert tab.run("grid.current.text") == "second score=0.2"
    assert tab.run("placeOf(grid.current)") == 3


def test_a_full_stop_that_a_feature_fires_on_is_not_among_the_words(tab, moderate):
    moderate("you idiot. score=0.9")
    tab.run("choose(0)")
    tab.until("passage.kept.size === 1")
    listed = """(() => {
      const [item] = [...passage.kept.values()][0];
      return wordsOf([{...item, word: "."}, item, {...item, word: "🖕"}]).map(([word]) => word);
    })()"""
    assert tab.run(listed) == ["idiot", "\U0001f595"]
