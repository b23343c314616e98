"""What `classify` prints below a text."""

import io

from rich.console import Console
from scopesift_classifiers.judging.verdict import Verdict

from scopesift.terminal.verdicts import verdict_listing


def shown(*, width=120, text="some text", **verdicts):
    console = Console(width=width, record=True, file=io.StringIO())
    for part in verdict_listing([text], [verdicts]):
        console.print(part)
    return console.export_text()


def test_labels_after_the_one_given_stand_beside_it_if_they_are_likely_enough():
    scores = {"de": 0.612, "nl": 0.271, "sv": 0.004, "fr": 0.1}
    text = shown(language=Verdict("many", "de", None, 0.612, scores, "default", (), 0.5))
    assert "de 0.61 (nl 0.27, fr 0.10)" in text
    assert "sv" not in text
    alone = shown(language=Verdict("many", "de", None, 0.9, {"de": 0.9, "nl": 0.05}, "default", (), 0.5))
    assert "de 0.90" in alone
    assert "(" not in alone


def test_an_unknown_label_is_shown_with_what_it_could_be():
    scores = {"ru": 0.61, "uk": 0.3, "tt": 0.0001}
    text = shown(language=Verdict("many", "und", None, 0.0, scores, "default", (), 0.5))
    assert "und 0.00 (ru 0.61, uk 0.30)" in text


def test_of_two_labels_only_the_verdict_is_shown():
    text = shown(toxicity=Verdict("binary", "clean", False, 0.1, {"toxic": 0.1}, "default", (), 0.5))
    assert "– 0.10" in text
    assert "(" not in text


def test_the_text_has_the_whole_width_and_what_flags_stands_first():
    text = "word " * 15
    said = shown(
        width=80,
        text=text,
        language=Verdict("many", "en", None, 0.9, {"en": 0.9}, "default", (), 0.5),
        toxicity=Verdict("binary", "toxic", True, 0.9, {"toxic": 0.9}, "default", (), 0.5),
    ).splitlines()
    assert said[0].strip() == text.strip()
    assert [line.split()[0] for line in said[1:]] == ["toxicity", "language"]
