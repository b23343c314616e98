from itertools import pairwise

import numpy as np
import pytest
from scopesift_classifiers.judging import language_spans as spans_module
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.language_spans import language_spans, spans_of_texts
from scopesift_classifiers.judging.text_segments import letters, segments
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_files.errors import UsageError

GERMAN = "Heute gehen wir im Wald spazieren. "
RUSSIAN = "Сегодня хорошая погода. "
SPANISH = "La economía creció un tres por ciento. "
WORDS = {"de": "wir", "ru": "погода", "es": "creció"}


@pytest.fixture(scope="module")
def engine(tiny_scope, language):
    return Engine(tiny_scope, [language])


class Listener:
    """Hears a language by a word of it, and nothing in what has none."""

    def __init__(self, scope, classifiers, *, backend, encoder):
        del scope, classifiers, backend, encoder

    def predict(self, pieces):
        return [{"language": self.verdict(piece)} for piece in pieces]

    def verdict(self, piece):
        heard = [code for code, word in WORDS.items() if word in piece]
        scores = {code: 0.9 / len(heard) if code in heard else 0.001 for code in WORDS}
        label = heard[0] if len(heard) == 1 else "und"
        return Verdict("many", label, None, scores.get(label, 0.0), scores, "default", (), 0.5)


@pytest.fixture
def listener(engine, monkeypatch):
    monkeypatch.setattr(spans_module, "Engine", Listener)
    return engine


def test_a_switch_of_language_shows_where(listener):
    text = GERMAN + RUSSIAN + SPANISH
    found = language_spans(listener, text)
    assert [(span.label, span.score) for span in found] == [("de", 0.9), ("ru", 0.9), ("es", 0.9)]
    assert [text[span.start : span.end] for span in found] == [GERMAN, RUSSIAN, SPANISH]


def test_neighbours_of_one_language_are_one_span(listener):
    found = language_spans(listener, GERMAN * 3)
    assert [(span.label, span.end) for span in found] == [("de", 3 * len(GERMAN))]


def test_a_piece_that_says_nothing_goes_with_its_neighbours(listener):
    text = GERMAN + "Hm. " + GERMAN
    assert [(span.label, span.end) for span in language_spans(listener, text)] == [("de", len(text))]


def test_a_long_part_in_which_nothing_speaks_is_of_no_language(listener):
    unknown = "Ο καιρός είναι σήμερα καλός. Πάμε μια μεγάλη βόλτα στην πόλη. " * 2
    assert [span.label for span in language_spans(listener, GERMAN + unknown)] == ["de", "und"]


def test_what_the_classifier_would_not_answer_for_the_whole_span_is_unknown(listener):
    both = "wir creció " * 3  # two languages at once: neither is certain
    assert [span.label for span in language_spans(listener, both)] == ["und"]


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
