"""Calibrated scores are monotone probabilities, learned only from margins of held-out documents."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scopesift_classifiers.artifact.calibration import (
    MOST_POINTS,
    TIE_BREAK,
    Calibration,
    calibrate,
    cross_fitted_margins,
)
from scopesift_classifiers.measuring.calibration_error import expected_calibration_error
from scopesift_files.errors import InputError
from sklearn.isotonic import IsotonicRegression


def drawn(n, seed=0):
    rng = np.random.default_rng(seed)
    margin = rng.gamma(1.5, 0.8, n) * (rng.random(n) > 0.2)
    return margin, rng.random(n) < 1 / (1 + np.exp(-3 * (margin - 1)))


def test_it_is_scikit_learns_isotonic_regression_up_to_the_tie_break():
    margin, positive = drawn(200)
    ours = calibrate(margin, positive)
    assert len(ours.x) < MOST_POINTS, "nothing thinned here"
    theirs = IsotonicRegression(out_of_bounds="clip").fit(margin, positive)
    at = np.linspace(-1, 9, 500)
    np.testing.assert_allclose(ours.apply(at), theirs.predict(at), atol=TIE_BREAK + 1 / 202)


def test_probabilities_come_true_on_other_data():
    calibration = calibrate(*drawn(4000, seed=1))
    margin, positive = drawn(4000, seed=2)
    assert expected_calibration_error(calibration.apply(margin), positive)["ece"] < 0.03


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-50, 50) | st.just(np.inf), st.booleans()), min_size=2, max_size=60),
    st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=20),
    st.floats(0.001, 0.999),
)
def test_scores_are_monotone_and_inside_0_and_1(pairs, at, prior):
    margin, positive = np.array([m for m, _ in pairs]), np.array([p for _, p in pairs])
    if positive.all() or not positive.any():
        return
    for calibration in (calibrate(margin, positive), replace(calibrate(margin, positive), prior=prior)):
        scores = calibration.apply(np.sort(at))
        assert ((scores > 0) & (scores < 1)).all()
        assert (np.diff(scores) >= 0).all()


def test_flagged_by_score_is_flagged_by_margin_even_on_a_plateau():
    margin = np.array([0.2, 0.5, 0.9, 1.1, 1.5, 2.0])
    positive = np.array([False, True, True, False, True, True])
    for calibration in (calibrate(margin, positive), replace(calibrate(margin, positive), prior=0.01)):
        cut = calibration.apply(1.0)
        around = np.float32(
            [0, 0.9, 1 - 1e-6, np.nextafter(np.float32(1), np.float32(0)), 1, 1.0000001, 9, np.inf]
        )
        np.testing.assert_array_equal(calibration.apply(around) >= cut, around >= 1)


def test_margins_that_are_all_equal_give_the_class_prior():
    calibration = calibrate(np.full(10, 2.0), np.arange(10) < 3)
    np.testing.assert_allclose(calibration.apply([0.0, 2.0, 5.0]), 0.3, atol=TIE_BREAK)


def test_a_few_documents_never_give_certainty():
    calibration = calibrate([0.0, 2.0], [False, True])
    low, high = calibration.apply([0.0, 2.0])
    assert low == pytest.approx(0.25, abs=TIE_BREAK)
    assert high == pytest.approx(0.75, abs=TIE_BREAK)


def test_many_breakpoints_are_thinned_without_losing_much():
    margin = np.linspace(0, 3, 20_000)
    positive = np.random.default_rng(0).random(20_000) < margin / 3
    calibration = calibrate(margin, positive)
    assert len(calibration.x) <= MOST_POINTS
    assert np.abs(calibration.apply(margin) - margin / 3).max() < 0.1


def test_order_and_repetition_change_nothing():
    margin, positive = drawn(300)
    order = np.random.default_rng(5).permutation(300)
    assert calibrate(margin, positive) == calibrate(margin[order], positive[order])


def test_json_and_back_gives_the_same_scores():
    margin, positive = drawn(500)
    calibration = replace(calibrate(margin, positive), prior=0.02)
    again = Calibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    assert again == calibration
    np.testing.assert_array_equal(again.apply(margin), calibration.apply(margin))


@pytest.mark.parametrize(
    "change",
    [
        {"x": [1, 0]},
        {"x": [1, 1]},
        {"y": [0.9, 0.1]},
        {"y": [0.5, 1.5]},
        {"y": [0.5]},
        {"x": [], "y": []},
        {"x": [0, "one"]},
        {"x": [0, float("nan")]},
        {"fit_prior": 0},
        {"prior": 1},
        {"prior": None},
    ],
)
def test_a_tampered_calibration_is_refused(change):
    with pytest.raises(InputError, match=r"calibration: .*fit it again"):
        Calibration.from_dict({"x": [0, 1], "y": [0.1, 0.9], "fit_prior": 0.5, "prior": 0.5} | change)


def test_another_prior_is_bayes_rule():
    rng = np.random.default_rng(0)
    positive = np.repeat([True, False], [5000, 5000])
    margin = rng.integers(0, 4, 10_000) + positive * rng.integers(0, 2, 10_000)
    even = calibrate(margin, positive)
    rare = np.concatenate([np.flatnonzero(positive)[:500], np.flatnonzero(~positive)])
    shifted = replace(even, prior=500 / 5500)
    for value in range(5):
        observed = positive[rare][margin[rare] == value].mean()
        assert shifted.apply(value) == pytest.approx(observed, abs=0.03)


def test_no_document_is_scored_by_a_fit_that_saw_it():
    fold = np.array([0, 1, 2, 0, 1, 2, 0])
    seen = []

    def fit_and_margin(train, held):
        assert not set(train) & set(held)
        assert len(train) + len(held) == 7
        seen.append(fold[held].tolist())
        return held * 10.0

    np.testing.assert_array_equal(cross_fitted_margins(fit_and_margin, fold), np.arange(7) * 10.0)
    assert seen == [[0, 0, 0], [1, 1], [2, 2]]


def test_a_fit_that_memorises_its_documents_is_not_believed():
    positive = np.arange(200) % 2 == 0

    def memorising(train, held):
        known = dict(zip(train.tolist(), positive[train], strict=True))
        return np.array([9.0 * known.get(row, row % 3 == 0) for row in held.tolist()])

    calibration = calibrate(cross_fitted_margins(memorising, np.arange(200) % 5), positive)
    np.testing.assert_allclose(calibration.apply([0.0, 9.0]), 0.5, atol=0.05)


def test_wrong_margins_of_a_fit_are_refused():
    with pytest.raises(ValueError, match="expected 2 margins of fold 0"):
        cross_fitted_margins(lambda train, held: [1.0], [0, 0, 1])
    with pytest.raises(ValueError, match="NaN"):
        cross_fitted_margins(lambda train, held: np.full(held.size, np.nan), [0, 1])
    with pytest.raises(ValueError, match="two folds"):
        cross_fitted_margins(lambda train, held: held, [0, 0])


def test_one_class_is_refused():
    with pytest.raises(InputError, match="both classes, got 3 positive of 3"):
        calibrate([1.0, 2.0, 3.0], [True] * 3)


def test_using_a_calibration_needs_no_scikit_learn():
    code = (
        "import sys; from scopesift_classifiers.artifact.calibration import Calibration; "
        "Calibration((0.,), (.5,), .5, .5).apply([1]); sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
