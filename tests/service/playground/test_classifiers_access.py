"""The page of classifiers for everybody: keyboard alone, writing directions, widths, zoom, axe-core in every state."""

import pytest

from tests.service.playground.axe import violations
from tests.service.playground.classifier_answers import CARD, RUNNING, feature

FIRST = "document.querySelector('#features .feature')"
IN_USE = "document.querySelector('#versions .ours code').innerText"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OPEN_ALL = "(() => { for (const one of document.querySelectorAll('details')) one.open = true; })()"
LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 2


@pytest.fixture
def page(browser, page_url, stage):
    """`page(**window)`: the page as it is when everything is open and a draft and the trail are shown."""
    stage.warning = "the rule in use is better on these examples"
    stage.features = [feature(number, given_name=LONG[:80] if number == 1 else "") for number in range(20)]

    def show(**window):
        browser.open(f"{page_url}classifiers", **window)
        browser.until(f"!!{FIRST}")
        browser.run("at('token').value = 'a-long-admin-token'")
        browser.run("at('audit-show').click()")
        browser.run("at('features-examples').value = 'toxic\\tdu Idiot\\nclean\\tder Zug'")
        browser.run(f"{FIRST}.querySelector('.change button[type=button]').click()")
        browser.until("!!document.querySelector('#features-outcome .made')")
        browser.run("at('transfer-lang').value = 'de'")
        browser.run(f"at('transfer-rows').value = 'toxic\\t{LONG}'")
        browser.run("at('transfer-go').click()")
        browser.until("!!document.querySelector('#transfer-answer .made')")
        browser.until("document.querySelectorAll('#audit tbody tr').length === 2")
        browser.run(OPEN_ALL)
        return browser

    yield show
    assert browser.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_whatever_is_open_and_contrast_is_enough(page, axe, dark):
    browser = page(dark=dark)
    assert violations(browser, axe) == []
    browser.run("at('features-plain').click()")
    browser.until(f"{FIRST}?.innerText.includes('idiot, fool')")
    browser.run(OPEN_ALL)
    assert violations(browser, axe) == []
    browser.run("document.querySelector('#features-outcome button.main').click()")
    browser.until(f"{IN_USE} === 'b2b2b2b2b2b2'")
    assert violations(browser, axe) == []


def test_axe_finds_nothing_while_a_change_is_made_and_after_a_failure(browser, page_url, stage, axe):
    browser.open(f"{page_url}classifiers")
    browser.run("at('token').value = 'a-long-admin-token'")
    stage.transfer_seconds = 4
    stage.running = RUNNING
    browser.run("at('transfer-lang').value = 'de'; at('transfer-rows').value = 'toxic\\tdu'")
    browser.run("at('transfer-go').click()")
    browser.until("at('transfer-progress').innerText.includes('5 of 24')")
    assert violations(browser, axe) == []
    browser.until("!!document.querySelector('#transfer-answer .made')")
    browser.run("at('token').value = 'not-the-token'")
    browser.run("at('audit-show').click()")
    browser.until("!!at('audit-said').querySelector('.wrong')")
    stage.refusal = "4:0 is the last feature"
    browser.run(f"{FIRST}.querySelector('.change button[type=button]').click()")
    browser.until("at('features-outcome').innerText.includes('last feature')")
    assert violations(browser, axe) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 2560])
def test_with_everything_open_the_page_is_never_wider_than_the_window(page, width):
    browser = page(width=width, phone=width < 500)
    assert browser.run(WIDER) <= 0


def test_at_400_percent_zoom_everything_is_there_without_scrolling_sideways(page):
    """WCAG 1.4.10: 1,280 pixels at 400% are 320."""
    browser = page(width=320, height=256)
    assert browser.run(WIDER) <= 0
    for wanted in ("shelf", "token", "versions", "features", "features-outcome", "transfer-rows", "audit"):
        assert browser.run(f"at('{wanted}').checkVisibility()"), wanted
    for control in ("token", "features-rule", "features-search", "transfer-go", "audit-show"):
        box = f"(({{left, right}}) => [left, right])(at('{control}').getBoundingClientRect())"
        left, right = browser.run(box)
        assert 0 <= left < right <= 320, control
    assert browser.run("getComputedStyle(document.querySelector('.top')).position") == "static"


@pytest.mark.parametrize("name", ["שמות גנאי (idiot)", "كلمات نابية idiot"])
def test_a_right_to_left_name_runs_from_the_right_in_its_card(browser, page_url, stage, name):
    stage.features = [feature(1, given_name=name, card={**CARD, "tokens": [["טמבל", 0.3], ["idiot", 0.2]]})]
    browser.open(f"{page_url}classifiers")
    browser.until(f"!!{FIRST}")
    assert browser.run(f"getComputedStyle({FIRST}.querySelector('h3')).direction") == "rtl"
    browser.run(OPEN_ALL)
    assert browser.run(f"getComputedStyle({FIRST}.querySelector('.change input')).direction") == "rtl"
    assert browser.run(WIDER) <= 0
    assert browser.complaints == []


def test_with_the_whole_page_from_right_to_left_nothing_leaves_the_window_and_bars_start_right(page, axe):
    browser = page(width=390, phone=True)
    browser.run("document.documentElement.dir = 'rtl'")
    assert browser.run(WIDER) <= 0
    position = f"getComputedStyle({FIRST}.querySelector('.shares dd span')).backgroundPositionX"
    assert browser.run(position).startswith("100%")
    assert violations(browser, axe) == []


def test_a_feature_is_found_named_muted_and_put_into_use_by_keyboard_alone(browser, page_url, stage):
    stage.features = [*stage.features[:-1], feature(39, name="hello")]
    browser.open(f"{page_url}classifiers")
    browser.until(f"!!{FIRST}")

    def tab_to(wanted, most=120):
        for _ in range(most):
            browser.press("Tab")
            if browser.run(f"document.activeElement.matches({wanted!r})"):
                outline = browser.run("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", wanted
                return
        raise AssertionError(f"Tab never reaches {wanted}")

    tab_to(".skip")
    browser.press("Enter")
    tab_to(".book summary")
    browser.press("Enter")
    assert browser.run("document.activeElement.parentElement.open")
    tab_to("#token")
    browser.send("Input.insertText", text="a-long-admin-token")
    tab_to("#features-rule")
    tab_to("#features-search")
    browser.send("Input.insertText", text="idiot")
    browser.until("at('features-said').innerText === '12 of 39 features'")
    assert browser.run("document.activeElement.id") == "features-search"
    tab_to(".compare summary")
    browser.press("Enter")
    tab_to("#features-examples")
    browser.send("Input.insertText", text="toxic,du Idiot\nclean,der Zug")
    tab_to(".feature > details summary")
    browser.press("Enter")
    tab_to(".change input")
    browser.send("Input.insertText", text="insults")
    browser.press("Enter")
    browser.until(f"{FIRST}?.querySelector('h3').innerText === 'insults'")
    browser.until(f"{IN_USE} === 'a1a1a1a1a1a1'")
    browser.run("at('features-search').focus()")
    tab_to("#features-outcome button")
    tab_to(".feature > details summary")
    browser.press("Enter")
    tab_to(".change button[type=button]")
    browser.press("Enter")
    browser.until("!!document.querySelector('#features-outcome button.main')")
    browser.run("at('features-search').focus()")
    tab_to("#features-outcome button.main")
    browser.press("Enter")
    browser.until(f"{IN_USE} === 'b2b2b2b2b2b2'")
    tab_to("#audit-show")
    browser.press("Enter")
    browser.until("document.querySelectorAll('#audit tbody tr').length === 3")
    assert browser.complaints == []
