"""Pages: self-contained, every text escaped, nothing lost, and cards without sentences."""

import re

import numpy as np
import pytest
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.measuring.feature_cards import FeatureCard
from scopesift_classifiers.pages.contributions import Contributions
from scopesift_classifiers.pages.explanation import shaded_text, write_explanation
from scopesift_classifiers.pages.page import html_table, write_page
from scopesift_classifiers.pages.plots import Axes, histogram_svg, interval_row
from scopesift_classifiers.pages.report_cards import card_html, marked_around
from scopesift_features.reading.per_token import TokenReading

CARD = FeatureCard(3, 7, "<i>rude</i>", 2.0, {"toxic": 0.4}, {}, (0.0, 1.0, 4.0), (5, 2), (("<b>", 0.5),))


def pieces(*spans):
    starts, ends = (np.array(side, dtype=np.int64) for side in zip(*spans, strict=True))
    return TokenReading(starts, ends, np.ones((len(spans), 1), np.float32))


def given(*shades):
    shade_T = np.array(shades, dtype=np.float64)
    return Contributions(shade_T[:, None], shade_T, shade_T, adds=True)


def plain(html):
    return re.sub(r"<[^>]*>", "", html)


@pytest.fixture(scope="module")
def page(tiny_scope, toxicity, language, tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "why.html"
    engine = Engine(tiny_scope, [toxicity, language])
    text = "you idiot, shut up <script>alert(1)</script> \ud800"
    write_explanation(path, text, engine.predict([text])[0], engine)
    return path.read_text(encoding="utf-8")


def test_nothing_of_a_text_is_lost_between_its_tokens():
    text = "ab  cd\n<e>"
    html = shaded_text(
        text,
        pieces((0, 2), (4, 6), (7, 10)),
        given(1.0, 0.0, -0.5),
        {0: "", 2: ""},
        np.array([True, False, True]),
    )
    assert plain(html) == "ab  cd\n&lt;e&gt;"
    assert html.count('tabindex="0"') == 2


def test_the_sign_of_a_contribution_picks_the_colour_and_its_size_the_strength():
    html = shaded_text(
        "ab", pieces((0, 1), (1, 2)), given(1.0, -0.5), {0: "", 1: ""}, np.array([True, False])
    )
    assert "--hue:var(--for);--w:1.00" in html
    assert "--hue:var(--against);--w:0.50" in html
    assert html.count("tok fires") == 1


def test_an_explanation_reaches_every_shaded_token_by_keyboard_with_its_panel(page):
    shaded = re.findall(r'<span class="tok[^>]*>', page)
    assert shaded
    assert all('tabindex="0"' in tag for tag in shaded)
    assert page.count('role="tooltip"') == len(shaded)


def test_a_page_fetches_nothing_and_runs_nothing(page):
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert not re.search(r'(?:src|href)="(?!#)|url\(|@import', page)


def test_markup_and_lone_surrogates_in_a_text_stay_text(page):
    assert "&lt;" in page
    assert "alert(1)</script" not in page


def test_cells_are_escaped_and_numbers_stand_right():
    table = html_table(["name", "n"], [["<b>", "3"]], numbers_from=1)
    assert "&lt;b&gt;" in table
    assert "<td class=n>3</td>" in table


def test_a_title_is_escaped(tmp_path):
    write_page(tmp_path / "page.html", "<b>", "body")
    assert "<title>&lt;b&gt;</title>" in (tmp_path / "page.html").read_text()


def test_a_card_escapes_its_label_and_tokens():
    html = card_html(CARD)
    assert "&lt;i&gt;rude" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_an_example_is_cut_around_its_strongest_token_and_marks_what_fires():
    text = "x" * 300 + " idiot " + "y" * 300
    reading = TokenReading(
        np.array([0, 301]), np.array([300, 306]), np.array([[1.0], [5.0]], dtype=np.float32)
    )
    html = marked_around(text, reading, 0, 2.0)
    assert html.startswith("…")
    assert html.endswith("…")
    assert html.count("<mark") == 1
    assert ">idiot</mark>" in html
    assert len(plain(html)) < 260


def test_bars_from_the_threshold_on_are_lit():
    assert histogram_svg((0.0, 1.0, 2.0, 3.0), (4, 2, 1), 1.0).count("bar on") == 2
    assert histogram_svg((0.0, 1.0), (0,), 0.0).count("bar on") == 1


def test_a_row_puts_its_dot_where_its_value_is():
    row = interval_row("<x>", 0.25, [0.2, 0.3])
    assert "left:25.0%" in row
    assert "left:20.0%;width:10.0%" in row
    assert "&lt;x&gt;" in row
    assert 'class="dot' not in interval_row("none", None, None)


def test_axes_map_their_ends_to_the_edges():
    axes = Axes("x", "y", x_ends=(0, 10), y_ends=(0.5, 1))
    assert axes.x(0) < axes.x(10)
    assert axes.y(0.5) > axes.y(1)
    assert axes.x(5) == pytest.approx((axes.x(0) + axes.x(10)) / 2)
