"""What the page shows as the reason of a verdict."""

import json

import pytest

MARKS = "[...document.querySelectorAll('#read mark')].map((mark) => mark.textContent)"
LENS = "document.querySelector('#lenses [aria-pressed=true]')?.textContent"
LEGEND = "at('legend').innerText"
LONG = "the driver. " * 300 + "idiot " + "the driver. " * 300 + " idiot!"


@pytest.fixture
def tab(browser, page_url):
    browser.open(page_url)
    yield browser
    assert browser.complaints == []


def test_a_flag_turns_its_lens_on_and_a_text_without_one_shows_all(tab):
    tab.write("the driver")
    assert tab.run(LENS) == "all"
    tab.write("the idiot")
    assert tab.run(LENS) == "toxicity"
    assert tab.run(MARKS) == ["idiot"]
    tab.write("the other driver")
    assert tab.run(LENS) == "all"


def test_a_lens_that_somebody_chose_stays_until_the_flags_change(tab):
    tab.write("the idiot")
    tab.run("[...at('lenses').children].find((button) => button.textContent === 'language').click()")
    tab.write("the old idiot")
    assert tab.run(LENS) == "language"
    tab.write("the driver")
    tab.write("the idiot")
    assert tab.run(LENS) == "toxicity"


def test_every_hit_is_shaded_as_a_whole_word_and_the_strongest_most(tab, stage):
    stage.words["toxicity"] = "idiot"
    tab.write("An idiot, (idiot) and idiots.")
    assert tab.run(MARKS) == ["idiot", "idiot", "idiot"]
    force = "[...document.querySelectorAll('#read mark')].map((mark) => Number(mark.style.getPropertyValue('--force')))"
    assert tab.run(force) == sorted(tab.run(force), reverse=True)
    assert "idiot ×3" in tab.run(LEGEND)


@pytest.mark.parametrize(
    ("text", "start", "end", "word"),
    [(" (idiot", 0, 7, "idiot"), ("so: sh*t!", 3, 9, "sh*t"), ("?! ", 0, 3, "?!"), ("Idiot ", 0, 6, "Idiot")],
)
def test_a_span_is_cut_to_its_word(tab, text, start, end, word):
    first, last = tab.run(f"wordOnly([...{json.dumps(text)}], {start}, {end})")
    assert text[first:last] == word


def test_punctuation_is_no_hit_of_a_feature_that_has_words(tab):
    tokens = [(0, 5, 2.0), (5, 6, 1.0)]
    item = {"tokens": [{"word_start": a, "word_end": b, "activation": c} for a, b, c in tokens]}
    assert tab.run(f"hitsOf([...'idiot!'], {json.dumps(item)}).length") == 1


def test_next_hit_goes_through_a_long_text_and_around(tab):
    tab.write(LONG)
    assert tab.run("at('hits').checkVisibility()")
    place = "document.activeElement.getBoundingClientRect().top"
    tops = []
    for said in ("hit 1 of 2", "hit 2 of 2", "hit 1 of 2"):
        tab.run("at('hit-next').click()")
        assert tab.run("at('hits-count').innerText") == said
        assert tab.run("document.activeElement.textContent") == "idiot"
        box = tab.run("(({top, bottom}) => [top, bottom])(at('read').getBoundingClientRect())")
        assert box[0] - 1 <= tab.run(place) <= box[1]
        tops.append(tab.run("at('read').scrollTop"))
    assert tops[0] != tops[1] != tops[2]


def test_marks_are_gone_through_with_the_arrow_keys(tab):
    tab.write("idiot, idiot, idiot")
    tab.run("document.querySelector('#read mark').focus()")
    index = "[...document.querySelectorAll('#read mark')].indexOf(document.activeElement)"
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowRight", 0), ("ArrowLeft", 2)):
        tab.press(key)
        assert tab.run(index) == expected
    assert not tab.run("at('card').hidden")


def test_every_gauge_has_the_cut_that_decided_and_below_it_nothing_is_red(tab, stage):
    stage.rule = "de"
    tab.write("the idiot")
    cuts = "[...document.querySelectorAll('.gauge')].map((bar) => [bar.ariaLabel, bar.querySelectorAll('i').length])"
    assert tab.run(cuts) == [["score 0.97, cut 0.47", 1], ["score 0.99, cut 0.42", 1]]
    said = tab.run("document.querySelector('[data-name=toxicity]').innerText")
    assert "flagged from 0.47, by the rule for German (de)" in said
    stage.toxic_score = 0.4
    tab.write("the same idiot")
    fill = "getComputedStyle(document.querySelector('[data-name=toxicity] .gauge span')).backgroundColor"
    assert tab.run(fill) == tab.run("getComputedStyle(document.querySelector('.fine')).color")
    tab.run("[...at('lenses').children].find((button) => button.textContent === 'toxicity').click()")
    assert tab.run("document.querySelector('#read mark').style.getPropertyValue('--colour')") == "0"


def test_a_name_made_of_insults_is_masked_until_somebody_clicks_it(tab, stage):
    tab.write("the idiot")
    assert "i•••• · f•••" in tab.run(LEGEND)
    assert "fool" not in tab.run("document.body.innerText")
    tab.run("document.querySelector('#legend button').click()")
    assert "idiot · fool" in tab.run(LEGEND)


def test_a_name_that_a_person_gave_is_shown(tab, stage):
    stage.given_name = "insults to intelligence"
    tab.write("the idiot")
    assert "insults to intelligence" in tab.run(LEGEND)
    assert "f•••" not in tab.run(LEGEND)


def test_a_text_in_two_languages_shows_its_parts_and_one_in_one_language_none(tab, stage):
    text = "Der Zug kommt, and then the bus."
    middle = text.index("and")
    parts = [(0, middle, "de", 0.98), (middle, len(text), "en", 0.9)]
    stage.spans = [dict(zip(("start", "end", "label", "score"), part, strict=True)) for part in parts]
    tab.write(text)
    found = tab.run(
        "[...document.querySelectorAll('#read .tongue')].map((part) => [part.lang, part.textContent])"
    )
    assert found == [["de", text[:middle]], ["en", text[middle:]]]
    assert "in parts: German (de) 0.98, then English (en) 0.90" in tab.run(
        "document.querySelector('[data-name=language]').innerText"
    )
    stage.spans = [{"start": 0, "end": 5, "label": "de", "score": 0.9}]
    tab.write("Der Zug")
    assert tab.run("document.querySelectorAll('.tongue').length") == 0
