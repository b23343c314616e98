from itertools import pairwise

import numpy as np
import pytest
from scopesift_classifiers import language_spans as spans_module
from scopesift_classifiers.engine import Engine
from scopesift_classifiers.language_spans import language_spans, spans_of_texts
from scopesift_classifiers.text_segments import letters, segments
from scopesift_classifiers.verdict import Verdict
from scopesift_features.errors import UsageError

GERMAN = "Heute ist das Wetter schön und wir gehen spazieren. "
RUSSIAN = "Сегодня хорошая погода. "
SPANISH = "La economía creció un tres por ciento. "
WORDS = {"de": "wir", "ru": "погода", "es": "creció"}


@pytest.fixture(scope="module")
def engine(tiny_scope, language):
    return Engine(tiny_scope, [language])


def test_a_switch_of_language_shows_where(engine):
    text = GERMAN + RUSSIAN + SPANISH
    found = language_spans(engine, text)
    assert [span.label for span in found] == ["de", "ru", "es"]
    assert [text[span.start : span.end] for span in found] == [GERMAN, RUSSIAN, SPANISH]
    assert all(0.5 < span.score <= 1 for span in found)


def test_neighbours_of_one_language_are_one_span(engine):
    assert [(span.label, span.end) for span in language_spans(engine, GERMAN * 3)] == [
        ("de", 3 * len(GERMAN))
    ]


@pytest.mark.parametrize(
    "text", [GERMAN + RUSSIAN, "a\ud800b " + GERMAN, "123 " + RUSSIAN + " 😀!", "\n\n", " x"]
)
def test_spans_lie_side_by_side_and_cover_the_text(engine, text):
    found = language_spans(engine, text)
    assert [span.start for span in found] == [0, *(span.end for span in found[:-1])]
    assert found[-1].end == len(text)
    assert all(one.label != other.label for one, other in pairwise(found))


def test_an_empty_text_has_no_spans(engine):
    assert language_spans(engine, "") == []


def test_what_has_no_letters_has_no_language(engine):
    (span,) = language_spans(engine, "12 + 30 = 42 !!! 😀")
    assert (span.label, span.score) == ("und", 0.0)


def test_texts_together_get_what_each_gets_alone(engine):
    texts = [GERMAN + RUSSIAN, "", SPANISH]
    assert spans_of_texts(engine, texts) == [language_spans(engine, text) for text in texts]


def test_an_engine_without_languages_says_so(tiny_scope, toxicity):
    with pytest.raises(UsageError, match="called 'language'"):
        language_spans(Engine(tiny_scope, [toxicity]), "x")


def test_a_doubtful_piece_goes_with_its_neighbours():
    sure, doubtful = [4.0, 0.0, 5.0], [1.0, 1.5, 0.9]
    path = spans_module._cheapest(np.array([sure, doubtful, sure]))
    assert path.tolist() == [1, 1, 1]
    path = spans_module._cheapest(np.array([sure, sure, [0.0, 9.0, 9.0], [0.0, 9.0, 9.0]]))
    assert path.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two, three; 3.5 at 12:30", ["One. ", "Two, ", "three; ", "3.5 at 12:30"]),
        ('He said "привет" and left', ["He said ", '"привет" ', "and left"]),
        ("今天好，我们走。これは", ["今天好，", "我们走。", "これは"]),
        ("Ελλάδα\nRome", ["Ελλάδα\n", "Rome"]),
        ("a " * 20, ["a " * 6, "a " * 7, "a " * 7]),
    ],
)
def test_texts_are_cut_where_a_language_may_end(text, expected):
    assert [text[start:end] for start, end in segments(text)] == expected


def test_long_runs_without_blanks_are_cut_too():
    ranges = segments("我" * 100)
    assert max(end - start for start, end in ranges) <= 48
    assert ranges[-1][1] == 100


def test_only_letters_are_letters():
    assert letters("a1 é😀我.") == 3
