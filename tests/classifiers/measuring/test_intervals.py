"""Intervals: those of resampling many documents one by one, the same every time, and honest about few documents."""

import numpy as np
import pytest
from scopesift_classifiers.measuring.intervals import (
    DRAWS,
    binary_intervals,
    drawn,
    macro_f1_difference,
    many_class_intervals,
    wilson,
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
    low, high = macro_f1_difference(TRUTH, FLAGGED, FLAGGED, ["True", "False"])
    assert -0.02 < low <= 0 <= high < 0.02


def test_the_same_data_give_the_same_intervals():
    assert binary_intervals(TRUTH, FLAGGED) == binary_intervals(TRUTH[::-1], FLAGGED[::-1])


def test_more_documents_give_narrower_intervals():
    few, many = (binary_intervals(np.tile(TRUTH, times), np.tile(FLAGGED, times))["f1"] for times in (1, 16))
    assert (few[1] - few[0]) / (many[1] - many[0]) == pytest.approx(4, rel=0.15)


def test_draws_are_shares_and_an_empty_cell_stays_empty():
    shares = drawn([[3, 0], [7.5, 0.5]])
    assert shares.shape == (DRAWS, 2, 2)
    assert shares.sum(axis=(1, 2)) == pytest.approx(1)
    assert not shares[:, 0, 1].any()
    assert shares[:, 1, 0].mean() == pytest.approx(7.5 / 11, abs=0.02)


def test_wilson_is_the_published_interval():
    stats = pytest.importorskip("scipy.stats")
    for hits, n in ((8, 8), (0, 8), (3, 7), (50, 120), (990, 1000)):
        expected = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
        assert wilson(hits / n, n) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert wilson(0.0, 0) == (0.0, 1.0)


EIGHT = np.array([True, False] * 4)


def test_eight_right_answers_leave_room_for_wrong_ones():
    found = binary_intervals(EIGHT, EIGHT)
    low, high = wilson(1.0, 4)
    assert found["recall"] == found["precision"] == [round(low, 4), 1.0]
    assert found["accuracy"] == [round(wilson(1.0, 8)[0], 4), 1.0]
    assert high == pytest.approx(1.0)
    assert found.pop("false_positive_rate") == [0.0, round(1 - low, 4)]
    for low, high in found.values():
        assert 0.4 < low < 0.85
        assert high == 1.0
    many = many_class_intervals(EIGHT.astype(str), EIGHT.astype(str), ["False", "True"])
    assert all(0.4 < low < 0.85 and high == 1.0 for low, high in many.values())


def test_eight_wrong_answers_leave_room_for_right_ones():
    found = binary_intervals(EIGHT, ~EIGHT)
    assert found.pop("false_positive_rate") == [round(wilson(1.0, 4)[0], 4), 1.0]
    assert all(low == 0 and 0.15 < high < 0.75 for low, high in found.values())


def test_eight_texts_that_two_classifiers_get_right_do_not_show_them_equal():
    low, high = macro_f1_difference(EIGHT, EIGHT, EIGHT, ["True", "False"])
    assert low < -0.1
    assert high > 0.1


@pytest.mark.parametrize("metric", ["f1", "recall", "precision", "accuracy", "balanced_accuracy", "macro_f1"])
@pytest.mark.parametrize("n", [8, 40])
def test_intervals_hold_the_truth_nineteen_times_in_twenty(metric, n):
    right, truth = 0.93, {"f1": 0.93, "macro_f1": 0.93}
    rng = np.random.default_rng(n)
    held = 0
    for _ in range(120):
        positive = np.arange(n) % 2 == 0
        flagged = positive ^ (rng.random(n) > right)
        low, high = binary_intervals(positive, flagged)[metric]
        held += low <= truth.get(metric, right) <= high
    assert held >= 0.89 * 120


def test_the_number_itself_lies_in_its_interval():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        truth, flagged = rng.random(12) < 0.5, rng.random(12) < 0.5
        if not truth.any() or truth.all():
            continue
        found = binary_intervals(truth, flagged)
        assert found["f1"][0] - 1e-4 <= sk.f1_score(truth, flagged) <= found["f1"][1] + 1e-4
        low, high = found["macro_f1"]
        assert low - 1e-4 <= sk.f1_score(truth, flagged, average="macro") <= high + 1e-4


def test_no_documents_have_no_interval():
    assert binary_intervals(np.zeros(0, bool), np.zeros(0, bool)) == {}
    assert many_class_intervals([], [], ["a"]) == {}
