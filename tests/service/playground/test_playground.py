"""The playground in a real browser, on answers that the test controls."""

import json

import pytest

MARKS = "[...document.querySelectorAll('#read mark')].map((mark) => mark.textContent)"


@pytest.fixture
def tab(browser, page_url):
    browser.open(page_url)
    yield browser
    assert browser.complaints == []


def lens(tab, name):
    tab.run(f"[...at('lenses').children].find((button) => button.textContent === '{name}').click()")


def test_a_text_gets_its_verdicts_and_the_deciding_words_are_shaded(tab):
    tab.write("what an idiot the driver was")
    assert tab.run(MARKS) == ["idiot"]
    lens(tab, "all")
    assert tab.run(MARKS) == ["idiot", "the"]
    assert tab.run("document.querySelector('[data-name=toxicity]').classList.contains('flagged')")
    assert "0.97" in tab.run("document.querySelector('[data-name=toxicity]').innerText")
    assert "English (en)" in tab.run("document.querySelector('[data-name=language]').innerText")


def test_the_next_likeliest_labels_stand_below_the_one_given_unless_they_round_to_nothing(tab):
    tab.write("what an idiot the driver was")
    shown = tab.run("document.querySelector('[data-name=language]').innerText")
    assert "or Dutch (nl) 0.12" in shown
    assert "German" not in shown


@pytest.mark.parametrize("before", ["😀👨‍👩‍👧 𝔘𝔫𝔦 ", "سلام عليكم ", "\ud83d lone ", "e\u0301a\u0308 "])
def test_offsets_count_code_points_whatever_stands_before(tab, stage, before):
    text = f"{before}idiot!"
    assert json.loads(json.dumps(text)).find("idiot") == len(before)
    tab.run(f"put({json.dumps(text)})")
    assert tab.run(MARKS) == ["idiot"]
    assert tab.run(f"document.getElementById('read').textContent === {json.dumps(text)}")


def test_every_piece_of_overlapping_evidence_is_kept(tab):
    cut = tab.run(
        "pieces('a😀bcd', [{start: 0, end: 3}, {start: 2, end: 9}]).map((piece) => [piece.text, piece.spans.length])"
    )
    assert cut == [["a😀", 1], ["b", 2], ["cd", 1]]


def test_markup_in_texts_and_in_the_servers_words_stays_text(tab, stage):
    stage.name = "<img src=x onerror=alert(1)>"
    tab.write("<b>idiot</b> <script>alert(1)</script>")
    assert tab.run("document.querySelectorAll('#read b, #read script, #legend img').length") == 0
    tab.hover("#read mark")
    assert "<•••" in tab.until("document.getElementById('card').innerText")
    tab.run("document.querySelector('#read mark').click()")
    assert "<img" in tab.run("document.getElementById('card').innerText")


def test_hovering_and_focusing_a_word_shows_its_features_card(tab):
    tab.write("the driver")
    tab.hover("#read mark")
    card = tab.until("!document.getElementById('card').hidden && document.getElementById('card').innerText")
    assert "the" in card
    assert "140.25" in card
    assert "layer 1" in card
    tab.press("Escape")
    assert tab.run("document.getElementById('card').hidden")
    tab.run("document.querySelector('#read mark').focus()")
    assert not tab.run("document.getElementById('card').hidden")


def test_everything_is_reached_by_keyboard(tab):
    tab.write("the idiot")
    tab.run("document.activeElement.blur()")
    reached = set()
    for _ in range(60):
        tab.press("Tab")
        reached.add(
            tab.run(
                "document.activeElement.id || document.activeElement.tagName + '.' + document.activeElement.textContent"
            )
        )
    assert {
        "text",
        "judge",
        "clear",
        "theme",
        "MARK.idiot",
    } <= reached


def test_one_lens_shades_one_classifier(tab):
    tab.write("the idiot")
    lens(tab, "language")
    assert tab.run(MARKS) == ["the"]


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(browser, page_url, width):
    browser.open(page_url, width=width, phone=width < 500)
    browser.write("the idiot " + "x" * 300)
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


CONTRAST = """
(selector) => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (colour, under) => {
    for (const next of [under, colour]) { canvas.fillStyle = next; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (v) => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  const light = (colour) => colour.reduce((sum, v, at) => sum + linear(v / 255) * [.2126, .7152, .0722][at], 0);
  const node = document.querySelector(selector);
  const grounds = [];
  for (let up = node; up; up = up.parentElement) grounds.unshift(getComputedStyle(up).backgroundColor);
  const ground = grounds.reduce((under, next) => `rgb(${rgb(next, under)})`, 'white');
  const [a, b] = [light(rgb(getComputedStyle(node).color, ground)), light(rgb(ground, ground))].sort((x, y) => y - x);
  return (a + .05) / (b + .05);
}"""
READ = [
    ".lead",
    "#read mark",
    "#read",
    ".verdict .word",
    ".verdict header h3",
    "#judge",
    "#clear",
    ".fine",
]


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground(browser, page_url, dark):
    """WCAG's contrast of at least 4.5 for the words that people read."""
    browser.open(page_url, dark=dark)
    browser.write("the idiot")
    contrasts = {selector: browser.run(f"({CONTRAST})({json.dumps(selector)})") for selector in READ}
    assert {selector: value for selector, value in contrasts.items() if value < 4.5} == {}


def test_an_arabic_text_runs_from_right_to_left(tab):
    tab.write("المطار قريب من وسط المدينة")
    first, whole = tab.run(
        "(() => { const range = document.createRange(); range.selectNodeContents(at('read').firstChild);"
        " return [range.getClientRects()[0].right, at('read').getBoundingClientRect().right]; })()"
    )
    assert first > whole - 20


def test_dark_and_light_follow_the_system_and_the_button(browser, page_url):
    browser.open(page_url, dark=True)
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = browser.run(ground)
    browser.run("at('theme').click()")
    light = browser.run(ground)
    browser.open(page_url, dark=False)
    assert light == browser.run(ground) != dark
