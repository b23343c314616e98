"""A verdict is divided among the tokens without remainder."""

import numpy as np
import pytest
from scopesift_classifiers.artifact.calibration import Calibration
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import LOG_ODDS, Rule, RuleFeature
from scopesift_classifiers.pages.contributions import token_contributions

FEATURES = (RuleFeature(0, 1, 2.0), RuleFeature(0, 2, 0.0), RuleFeature(1, 1, 5.0))
CALIBRATION = Calibration((0.0, 1.0), (0.1, 0.9), 0.5, 0.5)
ACTS_TS = np.array([[3.0, 0, 1], [0, 0, 0], [2.5, 1, 0], [1.0, 0, 6]], dtype=np.float32)


def test_nats_add_up_to_the_log_odds_of_the_rule():
    rule = Rule(LOG_ODDS, weights=(1.5, -0.5, 2.0), bias=-1.0)
    decision = Decision(FEATURES, {"toxic": rule}, CALIBRATION, 0.5)
    given = token_contributions(decision, "toxic", ACTS_TS)
    margin = rule.margins(ACTS_TS.max(axis=0, keepdims=True), decision.thresholds_S)[0]
    assert given.total_T.sum() + rule.bias == pytest.approx(margin)
    assert given.total_T.tolist() == [0.75, 0, 0.25, 2.0]  # the first feature fires twice: half each
    assert np.abs(given.shade_T).max() == 1


def test_a_feature_against_the_label_shades_below_zero():
    decision = Decision(FEATURES, {"toxic": Rule(LOG_ODDS, weights=(-1.0, 0.0, 0.5))}, CALIBRATION, 0.5)
    assert token_contributions(decision, "toxic", ACTS_TS).shade_T.tolist() == [-1, 0, -1, 1]


def test_a_token_that_fires_is_shaded_far_above_one_that_does_not():
    decision = Decision(FEATURES, {"toxic": Rule(m=1)}, CALIBRATION, 0.5)
    given = token_contributions(decision, "toxic", ACTS_TS)
    assert given.total_T.tolist() == [1.5, 0, 2.0, pytest.approx(1.2)]
    only_near = token_contributions(decision, "toxic", np.array([[1.9, 0, 4.9]], dtype=np.float32))
    assert only_near.shade_T[0] < 0.25 < 0.6 < given.shade_T[[0, 2, 3]].min()


def test_a_text_without_tokens_has_no_contributions():
    for rule in (Rule(m=2), Rule(LOG_ODDS, weights=(1.0, 1.0, 1.0))):
        decision = Decision(FEATURES, {"toxic": rule}, CALIBRATION, 0.5)
        assert token_contributions(decision, "toxic", np.zeros((0, 3), np.float32)).shade_T.shape == (0,)
