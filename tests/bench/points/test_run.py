"""The tables of cuts and calibration say in which languages the requirements are met."""

from dataclasses import replace

import numpy as np
from scopesift_classifiers.artifact.classifier import Classifier

from bench.points import tables
from bench.points.run import Answered


def measured(ece, rate, recall=0.8):
    rates = {
        "false_positive_rate": rate,
        "recall": recall,
        "intervals": {"false_positive_rate": [rate - 0.02, rate + 0.02], "recall": [0.7, 0.9]},
    }
    return {
        "ece": ece,
        "ece_interval": [0.01, 0.09],
        "ece_by_chance": {"mean": 0.03, "p95": 0.05},
        "shipped": rates | {"false_positive_rate": 3 * rate},
        "recut": rates,
    }


CUT = {
    "before": 0.5, "after": 0.7, "cut_interval": [0.6, 0.8], "false_positive_rate": 0.048, "recall": 0.7,
}  # fmt: skip
RESULT = {
    "required": {"false_positive_rate": 0.05},
    "cuts": {"en": CUT, "de": CUT},
    "textdetox": {"en": measured(0.02, 0.06), "de": measured(0.07, 0.09)},
    "own_rows": {
        "en": {"n": 1000, "sources": ["a", "b"], **measured(0.01, 0)},
        "ko": {"n": 1000, "sources": ["a"], **measured(0.05, 0)},
    },
}


def test_the_summary_names_the_languages_that_miss():
    says = tables.summary(RESULT)
    assert "of its rule: at most 0.06 in 2 of 2 languages." in says
    assert "rows alone: at most 0.06 in 1 of 2 languages (not in de)." in says
    assert "in 1 of 2 languages (not in de); over the languages the rate goes from 0.060 to 0.090" in says
    assert "with the shipped cuts from 0.180 to 0.270." in says


def test_every_language_has_a_row_and_one_source_is_not_shown_twice():
    rows = {row.split("|")[1].strip(): row for row in tables.calibration(RESULT).splitlines()[2:]}
    assert set(rows) == {"de", "en", "ko"}
    assert rows["en"].count("**") == 4
    assert rows["ko"].count("**") == 2
    assert len(tables.cuts(RESULT).splitlines()) == 4


def test_the_shipped_cut_of_a_language_without_a_decision_of_its_own_is_the_default_one():
    shipped = Classifier.load("toxicity")
    shipped = replace(shipped, default=replace(shipped.default, cut=0.3), by_lang={})
    answers = Answered(np.array([0.2, 0.4, 0.4]), ["default", "default", "de"], np.zeros(3, bool))
    assert answers.flagged(shipped).tolist() == [False, True, True]
