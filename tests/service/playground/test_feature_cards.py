"""The features of a rule on the page of classifiers."""

import pytest

from tests.service.playground.classifier_answers import CARD, feature

CARDS = "document.querySelectorAll('#features .feature')"
FIRST = "document.querySelector('#features .feature')"


@pytest.fixture
def tab(browser, page_url):
    browser.open(f"{page_url}classifiers")
    browser.until(f"{CARDS}.length > 0")
    yield browser
    assert browser.complaints == []


def choose(tab, field, value):
    tab.run(f"at('{field}').value = '{value}'; at('{field}').dispatchEvent(new Event('change'))")


def test_a_card_shows_what_the_feature_speaks_for_and_in_which_share_of_texts_it_fires(tab):
    said = tab.run(f"{FIRST}.innerText")
    assert "speaks for toxic, weight +0.500; 1 other rule reads it too" in said
    shares = (
        f"[...{FIRST}.querySelectorAll('.known > div .shares div')].map((row) => row.innerText.split(/\\s+/))"
    )
    assert sorted(tab.run(shares)) == [["clean", "20%"], ["toxic", "55%"]]
    languages = f"[...{FIRST}.querySelectorAll('details .shares div')].map((row) => row.textContent)"
    assert tab.run(languages) == ["German (de)64%", "English (en)53%"]


def test_the_histogram_is_drawn_with_the_threshold_in_it_and_said_in_words(tab):
    bars = f"[...{FIRST}.querySelectorAll('rect')]"
    heights = tab.run(f"{bars}.map((bar) => [Number(bar.getAttribute('height')), bar.getAttribute('class')])")
    assert [name for _, name in heights] == ["under", "under", "", ""]
    assert heights[0][0] == 2 * heights[1][0]
    assert heights[2][0] == 0
    assert heights[3][0] > 0
    at_threshold = tab.run(f"Number({FIRST}.querySelector('line').getAttribute('x1'))")
    assert at_threshold == tab.run("WIDE") * 2 / 4
    label = tab.run(f"{FIRST}.querySelector('svg').getAttribute('aria-label')")
    assert "in 61 texts" in label
    assert "fires from 2.00" in label


def test_words_that_may_insult_are_masked_until_somebody_wants_to_see_them(tab):
    assert "idiot" not in tab.run("at('features').innerText")
    assert tab.run(f"{FIRST}.querySelector('h3').innerText") == "i•••• · f•••"
    tab.run(f"{FIRST}.querySelector('button').click()")
    assert tab.run(f"{FIRST}.querySelector('h3').innerText") == "idiot · fool"
    assert "idiot, fool" in tab.run(f"{FIRST}.innerText")
    assert "idiot" not in tab.run(f"{CARDS}[1].innerText")
    tab.run("at('features-plain').click()")
    tab.until(f"{CARDS}[1].innerText.includes('idiot, fool')")
    tab.run("at('features-plain').click()")
    tab.until("!at('features').innerText.includes('idiot')")


def test_a_name_that_a_person_gave_is_shown_and_its_words_stay_masked(tab, stage):
    stage.features = [feature(1, given_name="plain insults")]
    tab.run("showFeatures()")
    tab.until(f"{FIRST}.innerText.includes('plain insults')")
    assert "idiot" not in tab.run("at('features').innerText")


def test_features_come_in_parts_and_the_keyboard_goes_on_where_the_new_ones_begin(tab):
    assert tab.run(f"{CARDS}.length") == 12
    assert tab.run("at('features-said').innerText") == "12 of 40 features"
    tab.run("at('features-more').focus()")
    for shown in (24, 36, 40):
        tab.run("at('features-more').click()")
        tab.until(f"{CARDS}.length === {shown}")
        assert tab.run("document.activeElement.dataset.place") == f"4:{(shown - 1) // 12 * 12}"
    assert not tab.run("at('features-more').checkVisibility()")


def test_classifier_rule_label_and_search_are_asked_of_the_server(tab, stage):
    assert not tab.run("at('features-label-place').checkVisibility()")
    choose(tab, "features-name", "language")
    tab.until("at('features-label-place').checkVisibility()")
    tab.until(f"{FIRST}?.innerText.includes('for German (de)')")
    choose(tab, "features-label", "nl")
    tab.until(f"{FIRST}?.innerText.includes('for Dutch (nl)')")
    tab.run(
        "at('features-search').value = 'nothing'; at('features-search').dispatchEvent(new Event('input'))"
    )
    tab.until("at('features-said').innerText === 'No feature is like that.'")
    assert tab.run(f"{CARDS}.length") == 0
    last = stage.feature_queries[-1]
    assert (last["name"], last["label"], last["search"]) == ("language", "nl", "nothing")


def test_a_feature_of_which_nothing_is_stored_says_so(tab, stage):
    stage.features = [
        feature(1, card=None),
        feature(2, weight=None),
        feature(3, card={**CARD, "by_lang": {}}),
    ]
    tab.run("showFeatures()")
    tab.until(f"{CARDS}.length === 3")
    assert "Nothing is stored about where it fires" in tab.run(f"{CARDS}[0].innerText")
    assert "fires for toxic" in tab.run(f"{CARDS}[1].innerText")
    assert not tab.run(f"{CARDS}[2].querySelector('details')")


def test_tokens_are_never_read_as_markup(tab, stage):
    rough = {**CARD, "tokens": [["<img src=x onerror=window.owned=1>", 0.5]]}
    stage.features = [feature(1, name="<b>x</b>", card=rough)]
    tab.run("at('features-plain').click()")
    tab.until(f"{FIRST}.innerText.includes('<b>x</b>')")
    assert tab.run("at('features').querySelectorAll('img, b').length") == 0
