import numpy as np
import pytest
from scopesift_classifiers.artifact.rule import (
    LOG_ODDS,
    Rule,
    feature_from_json,
    firing,
    log_odds_margins,
    rule_from_json,
)
from scopesift_files.errors import InputError

THRESHOLDS = np.array([1.0, 2.0, 4.0], dtype=np.float32)


def test_any_rule_fires_exactly_when_its_margin_reaches_one():
    acts = np.array([[0.0, 0.0, 0.0], [0.9, 1.9, 3.9], [1.0, 0.0, 0.0], [0.5, 3.0, 0.0]], dtype=np.float32)
    margins = Rule(m=1).margins(acts, THRESHOLDS)
    np.testing.assert_allclose(margins, [0.0, 0.975, 1.0, 1.5], rtol=1e-6)
    assert ((margins >= 1) == firing(acts, THRESHOLDS).any(axis=1)).all()


def test_at_least_two_takes_the_second_largest_ratio():
    acts = np.array([[9.0, 0.0, 0.0], [1.5, 2.0, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(Rule(m=2).margins(acts, THRESHOLDS), [0.0, 1.0])


def test_threshold_zero_fires_on_any_activation_and_on_nothing_else():
    acts = np.array([[0.0], [1e-6], [3.0]], dtype=np.float32)
    zero = np.zeros(1, dtype=np.float32)
    margins = Rule(m=1).margins(acts, zero)
    assert (margins >= 1).tolist() == [False, True, True]
    assert firing(acts, zero)[:, 0].tolist() == [False, True, True]


def test_a_rule_that_wants_more_features_than_there_are_never_fires():
    assert Rule(m=4).margins(np.ones((2, 3), np.float32) * 9, THRESHOLDS).tolist() == [0.0, 0.0]


def test_log_odds_adds_the_weights_of_what_fires():
    rule = Rule(LOG_ODDS, weights=(1.0, -2.0, 0.5), bias=0.25)
    acts = np.array([[1.0, 0.0, 4.0], [0.0, 2.0, 3.0]], dtype=np.float32)
    np.testing.assert_allclose(rule.margins(acts, THRESHOLDS), [1.75, -1.75])


def test_log_odds_are_the_same_number_in_whatever_order_they_are_added():
    rng = np.random.default_rng(0)
    weights, order = rng.normal(size=400).round(3), rng.permutation(400)
    fires = rng.random((64, 400)) < 0.5
    one = Rule(LOG_ODDS, weights=tuple(weights.tolist()), bias=0.1)
    other = Rule(LOG_ODDS, weights=tuple(weights[order].tolist()), bias=0.1)
    np.testing.assert_array_equal(log_odds_margins([one], fires), log_odds_margins([other], fires[:, order]))


@pytest.mark.parametrize("rule", [Rule(m=2), Rule(LOG_ODDS, weights=(0.1, -0.2, 3.0), bias=-1.5)])
def test_a_rule_survives_json(rule):
    assert rule_from_json(rule.to_dict(), 3) == rule


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"combine": "at_least", "m": 0}, "m from 1 to 3"),
        ({"combine": "at_least", "m": 4}, "m from 1 to 3"),
        ({"combine": "log_odds", "weights": [1.0], "bias": 0}, "one weight for each"),
        ({"combine": "log_odds", "weights": [1.0, 2.0, float("nan")], "bias": 0}, "finite"),
        ({"combine": "majority"}, "combines by"),
    ],
)
def test_an_impossible_rule_is_refused(value, word):
    with pytest.raises(InputError, match=word):
        rule_from_json(value, 3)


@pytest.mark.parametrize(
    "value",
    [
        {"layer": 0},
        {"layer": -1, "index": 0, "threshold": 1},
        {"layer": 0, "index": 0, "threshold": float("inf")},
    ],
)
def test_an_impossible_feature_is_refused(value):
    with pytest.raises(InputError):
        feature_from_json(value)
