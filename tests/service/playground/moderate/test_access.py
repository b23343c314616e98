"""The page with a table in it: axe-core's rules, widths, zoom, contrast, and both directions of writing."""

import json

import pytest

from tests.service.playground.axe import violations

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LONG = "x" * 300
ROWS = [
    {"text": f"what an idiot score=0.9 {LONG}", "label": "toxic", "lang": "en"},
    {"text": "المطار قريب من وسط المدينة، والقطار idiot يصل lang=ar", "label": "clean"},
    {"text": "nothing score=0.3", "label": "toxic"},
    {"text": "poison"},
    {"text": "soup score=0.7", "label": "clean"},
]
FILE = "\n".join([*map(json.dumps, ROWS), "{broken"])
OPEN_ALL = "for (const one of document.querySelectorAll('details')) one.open = true"


@pytest.fixture
def filled(browser, page_url):
    """`filled(**window)`: the page in such a window, with decided texts and everything unfolded."""

    def open_page(**window):
        browser.open(page_url + "moderate", **window)
        browser.run(
            f"(() => {{ at('paste').value = {json.dumps(FILE)}; takePaste(); at('begin').click(); }})()"
        )
        browser.until("queue.rows.length && queue.rows.every((row) => row.state !== 'waiting')")
        browser.run("choose(0)")
        browser.until("passage.kept.size")
        for place, decision in enumerate(("reject", "approve", "unsure")):
            browser.run(f"decide([listing.rows[{place}]], '{decision}')")
        browser.run("relist()")
        browser.run(OPEN_ALL)
        return browser

    yield open_page
    browser.run("unsaved = 0")
    browser.run("document.dir = ''")
    assert browser.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_in_any_state_and_contrast_is_at_least_4_5(filled, axe, width, dark):
    tab = filled(width=width, dark=dark)
    assert violations(tab, axe) == []
    tab.run("at('keys').showModal()")
    assert violations(tab, axe) == []
    tab.run("at('keys').close()")
    tab.run("at('discard').click()")
    assert violations(tab, axe) == []
    tab.run("at('sure').close()")
    tab.run("(() => { at('more').click(); at('sample').click(); })()")
    assert violations(tab, axe) == []


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280, 2560])
def test_the_table_is_not_wider_than_the_window(filled, width, direction):
    tab = filled(width=width, phone=width < 500)
    tab.run(f"document.dir = '{direction}'")
    assert tab.run(WIDER) <= 0
    assert tab.run("at('grid').scrollWidth <= at('grid').clientWidth")
    assert tab.run("at('passage-text').scrollWidth <= at('passage-text').clientWidth")


def test_at_400_percent_zoom_the_table_shows_whole_rows(filled):
    """WCAG 1.4.10: 1,280 by 900 pixels at 400% are 320 by 225."""
    tab = filled(width=320, height=225)
    assert tab.run(WIDER) <= 0
    tab.run("(() => { at('grid').focus(); choose(1); at('grid').scrollIntoView(); })()")
    row, table = tab.run(
        "[document.querySelector('.current'), at('grid')].map((one) => one.getBoundingClientRect().height)"
    )
    assert row <= table <= 225
    for name in ("export", "cut", "passage-text", "evidence", "pause", "more"):
        assert tab.run(f"at('{name}').hidden || at('{name}').checkVisibility()"), name


def test_a_right_to_left_text_runs_from_the_right_in_table_and_in_full(filled):
    tab = filled()
    tab.run("choose(listing.rows.findIndex((row) => row.text.includes('المطار')))")
    tab.until("document.querySelectorAll('#passage-text mark').length === 1")
    for place in (".current .text span", "#passage-text"):
        right, box = tab.run(
            "((node) => { const range = document.createRange(); range.selectNodeContents(node);"
            " const rects = [...range.getClientRects()];"
            " return [Math.max(...rects.map((rect) => rect.right)), node.getBoundingClientRect().right]; })"
            f"(document.querySelector({json.dumps(place)}))"
        )
        assert right > box - 20, place
        assert tab.run(f"getComputedStyle(document.querySelector({json.dumps(place)})).direction") == "rtl"


def test_a_row_is_reached_and_decided_by_touch(filled):
    tab = filled(width=390, height=844, phone=True)
    tab.run("document.querySelector('#rows [data-number=\"5\"]').click()")
    tab.run("document.querySelector('[data-decision=reject]').click()")
    assert tab.run("queue.rows[4].decision") == "reject"
    assert tab.run("document.querySelector('[data-decision=approve]').offsetHeight") >= 44
