"""The table of `python -m bench int8`."""

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText

from bench.roads import int8


def _measured(macro_f1, other_labels):
    return {"macro_f1": macro_f1, "accuracy": macro_f1, "other_labels": other_labels}


def test_a_classifier_without_a_version_in_int8_has_empty_cells():
    row = {"rows": 200, int8.BUNDLED: _measured(0.9, 0), int8.SAME: _measured(0.89, 5)}
    fitted = row | {int8.FITTED: _measured(0.905, 11)}
    *_, first, second = int8.table({"rows": {"one": row, "two": fitted}}).splitlines()
    assert first == "| one | 200 | 0.9000 | 0.8900 (-0.0100) | 2.5% |  |  |"
    assert second == "| two | 200 | 0.9000 | 0.8900 (-0.0100) | 2.5% | 0.9050 (+0.0050) | 5.5% |"


def test_two_labels_and_many_are_measured_by_macro_f1():
    rows = LabelledText(["a", "b", "c", "d"], ["toxic", "toxic", "clean", "clean"], [None] * 4, [None] * 4)
    found = int8._measured(Classifier.load("toxicity"), rows, ["toxic", "clean", "clean", "clean"])
    assert found == {"macro_f1": pytest.approx((2 / 3 + 0.8) / 2), "accuracy": 0.75}
    rows = LabelledText(["a", "b"], ["de", "en"], [None] * 2, [None] * 2)
    found = int8._measured(Classifier.load("language"), rows, ["de", "und"])
    assert found == {"macro_f1": 0.5, "accuracy": 0.5}
