"""Intervals: those of resampling documents one by one, the same every time, and honest about few documents."""

import numpy as np
import pytest
from scopesift_classifiers.bootstrap import (
    RESAMPLES,
    binary_intervals,
    macro_f1_difference,
    many_class_intervals,
    resampled,
)
from sklearn import metrics as sk

RNG = np.random.default_rng(5)
N = 300
TRUTH = RNG.random(N) < 0.4
FLAGGED = np.where(RNG.random(N) < 0.25, ~TRUTH, TRUTH)


def by_documents(measure, *columns, draws=600):
    """The bootstrap as books describe it: documents drawn one by one."""
    rng = np.random.default_rng(9)
    rows = rng.integers(0, N, (draws, N))
    return np.quantile([measure(*(column[row] for column in columns)) for row in rows], [0.025, 0.975])


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("f1", sk.f1_score),
        ("balanced_accuracy", sk.balanced_accuracy_score),
        ("macro_f1", lambda t, p: sk.f1_score(t, p, average="macro")),
        ("precision", sk.precision_score),
    ],
)
def test_counting_cells_gives_the_intervals_of_drawing_documents(name, measure):
    expected = by_documents(measure, TRUTH, FLAGGED, draws=300)
    assert binary_intervals(TRUTH, FLAGGED)[name] == pytest.approx(expected, abs=0.02)


def test_many_classes_have_the_intervals_of_drawing_documents():
    truth = RNG.choice(["law", "health", "travel"], N)
    given = np.where(RNG.random(N) < 0.3, RNG.choice(["law", "other"], N), truth)
    classes = ["health", "law", "travel"]
    found = many_class_intervals(truth, given, classes)
    expected = by_documents(
        lambda t, p: sk.f1_score(t, p, labels=classes, average="macro"), truth, given, draws=200
    )
    assert found["macro_f1"] == pytest.approx(expected, abs=0.025)
    assert found["accuracy"] == pytest.approx(by_documents(sk.accuracy_score, truth, given), abs=0.02)


def test_two_classifiers_are_compared_on_the_same_draws():
    better = np.where(RNG.random(N) < 0.5, TRUTH, FLAGGED)
    low, high = macro_f1_difference(TRUTH, better, FLAGGED, ["True", "False"])
    expected = by_documents(
        lambda t, a, b: sk.f1_score(t, a, average="macro") - sk.f1_score(t, b, average="macro"),
        TRUTH,
        better,
        FLAGGED,
        draws=200,
    )
    assert [low, high] == pytest.approx(expected, abs=0.02)
    assert low > 0
    assert macro_f1_difference(TRUTH, FLAGGED, FLAGGED, ["True", "False"]) == [0, 0]


def test_the_same_data_give_the_same_intervals():
    assert binary_intervals(TRUTH, FLAGGED) == binary_intervals(TRUTH[::-1], FLAGGED[::-1])


def test_more_documents_give_narrower_intervals():
    few, many = (binary_intervals(np.tile(TRUTH, times), np.tile(FLAGGED, times))["f1"] for times in (1, 16))
    assert (few[1] - few[0]) / (many[1] - many[0]) == pytest.approx(4, rel=0.15)


def test_draws_have_as_many_documents_as_the_data():
    drawn = resampled([3, 0, 7])
    assert drawn.shape == (RESAMPLES, 3)
    assert set(drawn.sum(axis=1)) == {10}
    assert not drawn[:, 1].any()


def test_no_documents_have_no_interval():
    assert binary_intervals(np.zeros(0, bool), np.zeros(0, bool)) == {}
    assert many_class_intervals([], [], ["a"]) == {}
