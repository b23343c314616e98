"""2,000 texts get the verdicts that they got before the code was last rearranged."""

import copy

import pytest

from bench.bundled.verdicts import compare_snapshots, judge, old_snapshot
from bench.errors import BenchError

ROUNDING = 0.02
"""Another processor sums in another order: a score beside a rounding step of the SAE or at a cut may move this far."""


@pytest.fixture(scope="module")
def found():
    return judge("nano")


def test_no_verdict_of_2000_texts_has_changed(found):
    compared = compare_snapshots(found, old_snapshot("nano"))
    assert compared["verdicts"] == 2000 * len(found["versions"])
    assert compared["other"] <= compared["verdicts"] // 1000
    assert compared["largest_score"] <= ROUNDING


def test_a_changed_verdict_would_be_seen(found):
    changed = copy.deepcopy(found)
    changed["verdicts"]["toxicity"]["labels"] = ["other"] * 2000
    changed["verdicts"]["toxicity"]["scores"][0] += 0.5
    compared = compare_snapshots(changed, found)
    assert (compared["other"], compared["largest_score"]) == (2000, 0.5)


def test_verdicts_of_other_classifiers_are_not_compared(found):
    other = {**found, "versions": {**found["versions"], "toxicity": "123"}}
    with pytest.raises(BenchError, match="bench verdicts --write"):
        compare_snapshots(found, other)
