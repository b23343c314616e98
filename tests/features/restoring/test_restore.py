import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scopesift_features.restoring.restore import restore
from scopesift_features.tokenizing.normalisation import Aligned

PLAIN = "You are such a stupid idiot, go home."
RESTORED = {
    "b1tch": "bitch",
    "a$$hole sh!t": "asshole shit",
    "Y0u 4r3 5uch 4 57up1d 1d107, g0 h0m3.": PLAIN,
    "i d i o t": "idiot",
    "y o u  i d i o t!": "you  idiot!",
    "you i.d.i.o.t, i-d-i-o-t": "you idiot, idiot",
    "i d 1 0 t": "idiot",
    "s.t.u.p.i.d i.d.i.o.t, I'm a w.o.m.a.n": "stupid idiot, I'm a woman",
    "i ddd iii o t": "idiot",
    "i\u200b d\u200b i\u200b o\u200b t": "idiot",
    "𝐢\u0336𝐝\u0336𝐢\u200b𝐨\u0336𝐭": "idiot",
    "Y 0 U  4 5 5 H 0 L 3  1 D I I I O T": "You  asshole  idiot",
    "you \u0456d\u0456\u043et": "you idiot",
    "р\u0430ураl is bаd": "paypal is bad",
    "ты сyка": "ты сука",
    "i\u200bd\u200bi\u00ado\u2060t": "idiot",
    "i̶d̶i̶o̶t̶": "idiot",
    "ｉｄｉｏｔ": "idiot",
    "𝐢𝐝𝐢𝐨𝐭": "idiot",
    "iiiidiiiioooot": "idiot",
    "neeeeeeeed heeeelp": "need help",
    "YOU ARE AN IDIOT, GO HOME. NOW!": "You are an idiot, go home. Now!",
}
ORDINARY = [
    PLAIN,
    "USA and NASA",
    "mp3, the 4th, covid19 and h264",
    "mail me@a1b.com or see https://w3schools.com/b1tch",
    "the U.S.A. and J.R.R. Tolkien",
    "www, III, zzz",
    "COVIDом и iPhone",
    "résumé, naïve, Việt Nam, Übermäßig, ёлка, й",
    unicodedata.normalize("NFD", "résumé, naïve, Việt Nam"),
    "हिन्दी में क्षमा, ქართული, ไทย, עִבְרִית, العَرَبِيَّة, می‌خواهم",
    "👨‍👩‍👧 1️⃣ ❤️",
    "这是，一个句子！ 半角カタカナ ½ ①",
    "\ud800 lone",
    "",
]


@pytest.mark.parametrize(("text", "expected"), RESTORED.items(), ids=range(len(RESTORED)))
def test_obfuscated_spelling_is_undone(text, expected):
    assert restore(text).text == expected


@pytest.mark.parametrize("text", ORDINARY, ids=range(len(ORDINARY)))
def test_ordinary_text_is_left_as_it_is(text):
    assert restore(text).text == text
    assert restore(text).starts_C is None


def test_spans_of_the_restored_text_are_found_in_the_original():
    text = "well, you i d 1 0 t, u\u200bg\u200bly \u0456d\u0456\u043et"
    restored = restore(text)
    assert restored.text == "well, you idiot, ugly idiot"
    spans = np.array([[10, 15], [17, 21], [22, 27], [0, 4]])
    found = [text[start:end] for start, end in restored.original(spans).tolist()]
    assert found == ["i d 1 0 t", "u\u200bg\u200bly", "\u0456d\u0456\u043et", "well"]


@given(
    st.text(
        alphabet=st.sampled_from("aeioubtTI .!-013$@\u200b\u0336\u0456\u043e\u0301𝐚ａ\ud800\u0939"),
        max_size=60,
    )
)
def test_every_character_has_a_span_inside_the_text_and_spans_are_in_order(text):
    restored = restore(text)
    length = len(restored.text)
    starts, ends = (
        (np.arange(length), np.arange(length) + 1)
        if restored.starts_C is None
        else (restored.starts_C, restored.ends_C)
    )
    assert len(starts) == len(ends) == length
    assert (starts >= 0).all()
    assert (starts < ends).all()
    assert (ends <= len(text)).all()
    assert (np.diff(starts) >= 0).all()


@given(st.text(max_size=80))
def test_any_string_can_be_restored(text):
    assert isinstance(restore(text), Aligned)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a.",
        "1a",
        "\u200b",
        "i\u200b",
        "\u0456a",
        "b\u0336",
        "\u0336",
        "A ",
        "aaa",
        "b1t ",
        "x://b1t ",
        "a b ",
        "!. ",
        "a'",
        " ",
    ],
)
@pytest.mark.parametrize("last", ["", "/", " bb"])
def test_long_texts_take_time_in_proportion_to_their_length(piece, last):
    began = time.perf_counter()
    restore(piece * 20_000 + last)
    # most take a tenth of a second; a quadratic rule would take minutes
    assert time.perf_counter() - began < 10
