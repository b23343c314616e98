"""The calibration error is scikit-learn's bins, with what chance alone gives and an interval that holds."""

import numpy as np
import pytest
from scopesift_classifiers.measuring.calibration_error import (
    MIN_DOCUMENTS,
    expected_calibration_error,
    reliability,
)
from sklearn.calibration import calibration_curve

RNG = np.random.default_rng(7)


def true_error(probability, rate):
    """The error of infinitely many documents with these probabilities and rates, over the same bins."""
    bin_N = np.searchsorted(np.linspace(0, 1, 16)[1:-1], probability)
    return np.abs(np.bincount(bin_N, weights=rate - probability, minlength=15)).sum() / len(probability)


def test_reliability_equals_scikit_learn():
    probability = np.concatenate([RNG.random(500), np.linspace(0, 1, 31)])
    outcome = RNG.random(531) < probability**2
    ours = reliability(probability, outcome, bins=10)
    observed, predicted = calibration_curve(outcome, probability, n_bins=10)
    np.testing.assert_allclose(ours.observed, observed)
    np.testing.assert_allclose(ours.predicted, predicted)
    assert ours.documents.sum() == 531


def test_ece_is_the_distance_by_which_probabilities_are_off():
    probability = np.repeat([0.25, 0.85], 1000)
    outcome = np.concatenate([np.arange(1000) < 250, np.arange(1000) < 650])
    assert expected_calibration_error(probability, outcome)["ece"] == pytest.approx(0.1)


def test_a_probability_outside_its_range_is_refused():
    for bad in (1.1, -0.1, np.nan):
        with pytest.raises(ValueError, match=r"in \[0, 1\]"):
            reliability([bad], [True])


def test_under_700_documents_the_error_is_withheld_with_the_reason():
    few = expected_calibration_error(np.full(699, 0.5), np.zeros(699, bool))
    assert few["ece"] is few["ece_interval"] is few["ece_by_chance"] is None
    assert "700 documents, got 699" in few["ece_reason"]
    assert expected_calibration_error(np.full(700, 0.5), np.zeros(700, bool))["ece"] == 0.5


def test_from_700_documents_on_chance_alone_gives_at_most_06_whatever_the_scores_are():
    middles = (np.arange(15) + 0.5) / 15
    for scores in (np.full(15, 0.5), middles, np.where(middles < 0.5, 0.45, 0.55)):
        probability = np.resize(scores, MIN_DOCUMENTS)
        found = expected_calibration_error(probability, RNG.random(MIN_DOCUMENTS) < probability)
        assert found["ece_by_chance"]["mean"] <= 0.06


def test_what_chance_gives_is_what_drawn_outcomes_of_exact_probabilities_have():
    probability = RNG.beta(0.5, 0.7, 750)
    drawn = [
        expected_calibration_error(probability, RNG.random(750) < probability)["ece"] for _ in range(400)
    ]
    chance = expected_calibration_error(probability, RNG.random(750) < probability)["ece_by_chance"]
    assert chance["mean"] == pytest.approx(np.mean(drawn), rel=0.05)
    assert chance["p95"] == pytest.approx(np.quantile(drawn, 0.95), rel=0.08)


@pytest.mark.parametrize("excess", [0.0, 0.03, 0.06, 0.12])
def test_the_interval_holds_the_true_error_in_nine_of_ten_samples(excess):
    holds = 0
    for _ in range(200):
        probability = RNG.random(750)
        rate = np.clip(probability - excess * np.sign(probability - 0.5), 0, 1)
        found = expected_calibration_error(probability, RNG.random(750) < rate)
        low, high = found["ece_interval"]
        assert low - 1e-4 <= found["ece"] <= high + 1e-4
        holds += low <= true_error(probability, rate) <= high
    assert holds >= 0.85 * 200


def test_the_interval_starts_at_0_unless_chance_alone_rarely_gives_as_much():
    probability = RNG.random(750)
    fair = expected_calibration_error(probability, RNG.random(750) < probability)
    off = expected_calibration_error(probability, RNG.random(750) < probability**2)
    assert (fair["ece_interval"][0] == 0) == (fair["ece"] <= fair["ece_by_chance"]["p95"])
    assert off["ece_interval"][0] > 0
