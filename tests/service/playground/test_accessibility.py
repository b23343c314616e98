"""Every page of the playground: axe-core's rules, widths from 320 to 2,560 px, zoom, keyboard, writing directions."""

import pytest
from scopesift_service.playground.page import page
from scopesift_service.playground.views import VIEWS

from tests.service.playground.axe import violations

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SIZES = {"desktop": {}, "phone": {"width": 390, "height": 844, "phone": True}}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.folder)
def test_axe_finds_nothing_on_a_page_as_it_opens(browser, page_url, axe, view, size, dark):
    browser.open(page_url[:-1] + view.path, dark=dark, **SIZES[size])
    assert violations(browser, axe) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_on_the_page_for_one_text_in_any_state(browser, page_url, stage, axe, dark):
    browser.open(page_url, dark=dark)
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true")
    for text in ("the idiot, the idiot", "nothing", "der Zug and the bus"):
        browser.write(text)
        assert violations(browser, axe) == [], text
    browser.write("the idiot, the idiot")
    browser.run("document.querySelector('#legend button').click()")
    browser.run("document.querySelector('#read mark').focus()")
    assert violations(browser, axe) == []
    stage.refusals = [(500, "broken")] * 5
    browser.run("put('another')")
    browser.until("!at('problem').hidden")
    assert violations(browser, axe) == []
    stage.refusals, stage.key = [], "secret"
    browser.run("put('one more')")
    browser.until("at('key-wanted').checkVisibility()")
    browser.run("at('key-open').click()")
    assert violations(browser, axe) == []
    stage.key = None
    browser.run("at('key').close()")
    browser.write("the idiot")
    stage.delays = [4]
    browser.run("(put('slow'), 0)")
    assert browser.run("'stale' in document.documentElement.dataset")
    assert violations(browser, axe) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 2560])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.folder)
def test_no_page_is_wider_than_the_window(browser, page_url, view, width):
    browser.open(page_url[:-1] + view.path, width=width, phone=width < 500)
    assert browser.run(WIDER) <= 0
    if view.path == "/":
        browser.write("the idiot " + "x" * 300)
        assert browser.run(WIDER) <= 0


def test_at_400_percent_zoom_everything_is_there_without_scrolling_sideways(browser, page_url):
    """WCAG 1.4.10: 1,280 pixels at 400% are 320."""
    browser.open(page_url, width=320, height=256)
    browser.write("the idiot")
    assert browser.run(WIDER) <= 0
    for wanted in ("text", "judge", "verdicts", "read", "legend", "lenses", "theme"):
        assert browser.run(f"at('{wanted}').checkVisibility()"), wanted
    covered = browser.run("document.querySelector('.top').getBoundingClientRect().height / innerHeight")
    assert (
        covered < 0.5 or browser.run("getComputedStyle(document.querySelector('.top')).position") == "static"
    )


def test_a_text_is_classified_its_hits_and_lens_are_gone_through_by_keyboard_alone(browser, page_url):
    browser.open(page_url)
    reached = []

    def tab_to(wanted, most=60):
        for _ in range(most):
            browser.press("Tab")
            if browser.run(f"document.activeElement.matches({wanted!r})"):
                reached.append(wanted)
                return
        raise AssertionError(f"Tab never reaches {wanted}, after {reached}")

    tab_to("#text")
    browser.send("Input.insertText", text=" idiot the idiot")
    tab_to("#judge")
    browser.press("Enter")
    browser.until("at('verdicts-place').ariaBusy === 'false' && shown.text === at('text').value")
    tab_to("#lenses button[aria-pressed=false]")
    browser.press("Enter")
    assert browser.run("document.activeElement.ariaPressed") == "true"
    tab_to("#read mark")
    assert browser.run("at('card').checkVisibility()")
    browser.press("ArrowRight")
    browser.press("Escape")
    assert not browser.run("at('card').checkVisibility()")
    tab_to("#hit-next")
    browser.press("Enter")
    assert browser.run("document.activeElement.tagName") == "MARK"
    tab_to("#legend button")
    browser.press("Enter")
    assert browser.run("document.activeElement.ariaPressed") == "true"


@pytest.mark.parametrize("text", ["المطار idiot قريب من the وسط", "שלום idiot the לכולם"])
def test_right_to_left_texts_run_from_the_right_with_their_hits_in_place(browser, page_url, text):
    browser.open(page_url)
    browser.write(text)
    assert browser.run("at('read').textContent") == text
    right = "(() => { const range = document.createRange(); range.selectNodeContents(at('read'));"
    first, box = browser.run(
        f"{right} return [range.getClientRects()[0].right, at('read').getBoundingClientRect().right]; }})()"
    )
    assert first > box - 20
    mark = browser.run("document.querySelector('#read mark').getBoundingClientRect().right")
    assert mark < first
    assert browser.complaints == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.folder)
def test_a_page_weighs_at_most_150_kilobytes(view):
    assert len(page(view).body) <= 150 * 1024


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.folder)
def test_a_page_asks_no_other_host(browser, page_url, view):
    browser.open(page_url[:-1] + view.path)
    names = browser.run("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [name for name in names if not name.startswith(page_url)] == []
