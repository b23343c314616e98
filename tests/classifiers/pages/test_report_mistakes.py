"""The report's confusion matrix, mistakes and curves."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from scopesift_classifiers.judging.verdict import Evidence, Verdict
from scopesift_classifiers.measuring.assessment import full_assessment
from scopesift_classifiers.pages.report_mistakes import (
    LONGEST,
    confusion_section,
    marked_words,
    mistakes_section,
)
from scopesift_classifiers.pages.report_refits import refits_section


def evidence(text, word, contribution):
    start = text.index(word)
    return Evidence(0, 1, "", 1.0, 0.0, contribution, start, start + len(word), word, word)


def verdict(score, *found, flagged=True):
    label = "toxic" if flagged else "clean"
    return Verdict("binary", label, flagged, score, {"toxic": score}, "default", found, 0.5)


@pytest.fixture(scope="module")
def found(toxicity, tiny_scope, insults):
    return full_assessment(toxicity, tiny_scope, insults(40, 8))


@pytest.fixture(scope="module")
def wrong(found):
    """Of the data, whose labels are toxic and clean in turn, some get a wrong verdict with a score of their own."""
    scores = {1: 0.7, 3: 0.9, 5: 0.8}
    verdicts = [
        verdict(scores[row])
        if row in scores
        else verdict(0.2 if label == "clean" else 0.95, flagged=label == "toxic")
        for row, label in enumerate(found.data.labels)
    ]
    verdicts[0], verdicts[2] = verdict(0.3, flagged=False), verdict(0.1, flagged=False)
    data = replace(
        found.data,
        texts=[f"text {row} <b>" for row in range(len(found.data))],
        labels=["clean" if row % 2 else "toxic" for row in range(len(found.data))],
    )
    verdicts[6:] = [
        verdict(0.95 if label == "toxic" else 0.2, flagged=label == "toxic") for label in data.labels[6:]
    ]
    verdicts[4] = verdict(0.95)
    return replace(found, data=data, verdicts=verdicts)


def test_false_alarms_stand_by_falling_score_and_misses_by_rising_score(wrong):
    page = mistakes_section(wrong)
    order = [int(number) for number in re.findall(r"text (\d+) &lt;b&gt;", page)]
    assert order == [3, 5, 1, 2, 0]
    assert "5 texts of 40" in page
    assert "<b>" not in page


def test_the_matrix_holds_every_text_once(wrong):
    page = confusion_section(wrong)
    cells = [int(value) for value in re.findall(r"row\">(\d+)</td>", page)]
    assert sum(cells) == 40
    counts = Counter(zip(wrong.data.labels, wrong.predicted, strict=True))
    assert sorted(cells) == sorted(counts.values())


def test_without_a_mistake_the_page_says_so(wrong):
    right = [
        verdict(0.95 if label == "toxic" else 0.1, flagged=label == "toxic") for label in wrong.data.labels
    ]
    assert "None" in mistakes_section(replace(wrong, verdicts=right))


def test_words_are_marked_whole_and_the_strongest_most():
    text = "you are an idiot & more"
    shown = marked_words(text, verdict(0.9, evidence(text, "idi", 2.0), evidence(text, "you", 1.0)))
    assert shown == (
        '<mark style="--w:0.50">you</mark> are an <mark style="--w:1.00">idiot</mark> &amp; more'
    )


def test_a_long_text_is_cut_around_its_evidence():
    text = "word " * 300 + "idiot " + "word " * 300
    shown = marked_words(text, verdict(0.9, evidence(text, "idiot", 1.0)))
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert ">idiot</mark>" in shown
    assert len(shown) < LONGEST + 100


def test_curves_show_every_draw_and_their_mean():
    curves = {
        "metric": "macro_f1",
        "labels": [
            {"rows": 20, "score": [0.6, 0.7], "tfidf": [0.5, 0.6], "features": [16, 64]},
            {"rows": 200, "score": [0.8], "tfidf": [0.7], "features": [64]},
        ],
        "features": [{"features": 16, "score": 0.7}, {"features": 64, "score": 0.8}],
    }
    page = refits_section(curves)
    assert "0.65 ± 0.07" in page
    assert "16 to 64" in page
    assert page.count("<circle") == 6 + 2
