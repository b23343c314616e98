"""Closed-form transfer: a new cut, moved weights, new weights."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scopesift_classifiers.artifact.rule import LINEAR, Rule
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.rule_search.found_rules import FoundRules
from scopesift_classifiers.rule_search.ranking import WHOLE
from scopesift_classifiers.transfer import moved_weights
from scopesift_classifiers.transfer.linear_strategies import adapted, recut, refitted


def examples(n, seed, *, shift=0.0):
    """Features 0 and 1 tell the classes apart; feature 1 is unknown to the prior rule, and 0 fires more for all."""
    rng = np.random.default_rng(seed)
    positive = np.arange(n) % 2 == 0
    acts = rng.exponential(1.0, (n, 30)) * (rng.random((n, 30)) < 0.6)
    acts[:, 0] = shift + rng.exponential(np.where(positive, 3.0, 1.0))
    acts[:, 1] = rng.exponential(np.where(positive, 5.0, 1.0))
    return FeatureTable(csr_matrix(acts.astype(np.float32)), (0,), 30), positive


PRIOR = FoundRules((0, 5), (0.0, 0.0), (Rule(LINEAR, weights=(1.0, 0.1), bias=-1.2, transform="sqrt"),))


def right(rule, table, positive):
    return (rule.fires(table) == positive).mean()


def test_a_new_cut_mends_a_rule_whose_features_fire_more_in_the_language():
    table, positive = examples(300, 0, shift=4.0)
    fresh, truth = examples(400, 1, shift=4.0)
    assert right(PRIOR, fresh, truth) < 0.55
    moved = recut(PRIOR)(table, positive, np.arange(300) % 3)
    assert right(moved[WHOLE][0], fresh, truth) > 0.65
    assert moved[WHOLE][0].rule == PRIOR.rule
    assert set(moved) == {WHOLE, 0, 1, 2}


def test_moved_weights_learn_what_the_prior_did_not_know():
    table, positive = examples(300, 2)
    fresh, truth = examples(400, 3)
    moved = adapted(PRIOR)(table, positive, np.arange(300) % 3)[WHOLE][0]
    assert dict(zip(moved.columns, moved.rule.weights, strict=True))[1] > 0.1
    assert right(moved, fresh, truth) > right(PRIOR, fresh, truth) + 0.03


def test_a_strong_penalty_keeps_the_weights_of_the_prior(monkeypatch):
    monkeypatch.setattr(moved_weights, "PENALTIES", (1e6,))
    table, positive = examples(300, 2)
    kept = adapted(PRIOR)(table, positive, np.arange(300) % 3)[WHOLE][0]
    weight = dict(zip(kept.columns, kept.rule.weights, strict=True))
    assert weight[0] / weight[5] == pytest.approx(10, rel=0.01)
    assert all(abs(value) < 1e-3 * weight[0] for column, value in weight.items() if column not in (0, 5))


def test_the_penalty_is_stronger_the_less_the_examples_say(monkeypatch):
    chosen = []
    real = moved_weights._Regression.cut

    def cut(self, penalty):
        chosen.append(penalty)
        return real(self, penalty)

    monkeypatch.setattr(moved_weights._Regression, "cut", cut)
    table, positive = examples(400, 6)
    refitted()(table, positive, np.arange(400) % 4)
    clear = chosen[0]
    refitted()(table, np.random.default_rng(0).permutation(positive), np.arange(400) % 4)
    assert clear < chosen[-1] == moved_weights.PENALTIES[0]


def test_examples_in_which_nothing_is_active_give_a_rule_that_flags_nothing():
    table = FeatureTable(csr_matrix((12, 30), dtype=np.float32), (0,), 30)
    rule = refitted()(table, np.arange(12) % 2 == 0, np.arange(12) // 2 % 3)[WHOLE][0]
    assert rule.columns == ()
    assert not rule.fires(table).any()


def test_a_prior_that_ranks_upside_down_is_not_used():
    table, positive = examples(300, 4)
    wrong = FoundRules((0,), (0.0,), (Rule(LINEAR, weights=(-1.0,), bias=1.0, transform="sqrt"),))
    ours = adapted(wrong)(table, positive, np.arange(300) % 3)[WHOLE]
    anew = refitted()(table, positive, np.arange(300) % 3)[WHOLE]
    for one, other in zip(ours, anew, strict=True):
        assert one.columns == other.columns
        np.testing.assert_allclose(one.rule.weights, other.rule.weights, atol=1e-4)
