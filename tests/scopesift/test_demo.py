"""`make demo`: what it says of its sixteen sentences, with the default scope's own classifiers."""

import re

import pytest
from rich.console import Console
from scopesift_classifiers.artifact.classifier import LANGUAGE
from scopesift_classifiers.judging.verdict import Verdict

from scopesift.demo import verdict
from scopesift.demo_sentences import SENTENCES, Sentence
from scopesift.terminal.demo import TOXICITY, count_line, demo_table, is_right

LEAST_RIGHT = {TOXICITY: 14, LANGUAGE: 15}


@pytest.fixture(scope="module")
def answers(e5_engine):
    return e5_engine.predict([sentence.text for sentence in SENTENCES])


@pytest.mark.parametrize("name", LEAST_RIGHT)
def test_nearly_all_verdicts_are_the_ones_that_a_person_gives(answers, name):
    wrong = [
        s.text for s, answer in zip(SENTENCES, answers, strict=True) if not is_right(s, name, answer[name])
    ]
    assert len(SENTENCES) - len(wrong) >= LEAST_RIGHT[name], wrong


def test_the_reasons_of_a_toxic_verdict_are_whole_words_of_the_sentence(answers):
    for sentence, answer in zip(SENTENCES, answers, strict=True):
        if answer[TOXICITY].flagged and sentence.languages != ("zh",):  # Chinese puts no spaces between words
            words = set(re.findall(r"[^\W_](?:[^\W_]|\b['’-]\b|[\u0900-\u0963])*", sentence.text))
            assert answer[TOXICITY].words()
            assert set(answer[TOXICITY].words()) <= words


def test_the_sentences_are_what_the_demo_promises():
    assert len(SENTENCES) == 16
    assert len({code for sentence in SENTENCES for code in sentence.languages}) >= 8
    assert sum(sentence.toxic for sentence in SENTENCES) == 8
    assert sum(len(sentence.languages) > 1 for sentence in SENTENCES) == 1


def said(label, *, flagged=None):
    return Verdict("binary" if flagged is not None else "many", label, flagged, 0.9, {}, "default", (), 0.5)


def test_the_table_shows_each_verdict_beside_the_expected_one_and_counts_what_is_right():
    sentences = (
        Sentence("You fool.", True, ("en",)),
        Sentence("Guten Tag, and welcome.", False, ("de", "en")),
    )
    answers = [
        {TOXICITY: said("clean", flagged=False), LANGUAGE: said("en"), "domain": said("travel")},
        {TOXICITY: said("clean", flagged=False), LANGUAGE: said("en"), "domain": said("travel")},
    ]
    console = Console(width=100, record=True)
    console.print(demo_table(sentences, answers))
    shown = console.export_text()
    assert "toxic ✗" in shown
    assert "de/en ✓" in shown
    assert "domain travel 0.90" in shown
    assert count_line(sentences, answers) == "toxicity 1 of 2 right, language 2 of 2"


def test_a_verdict_comes_back_from_what_the_service_says_of_it(answers):
    about = {"kind": "binary", "labels": ["toxic"], "unknown": "clean"}
    for answer in answers:
        again = verdict(answer[TOXICITY].to_dict(), about)
        assert (again.label, again.flagged) == (answer[TOXICITY].label, answer[TOXICITY].flagged)
        assert again.words() == answer[TOXICITY].words()
