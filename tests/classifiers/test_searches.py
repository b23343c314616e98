import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scopesift_classifiers.counting import FeatureTable
from scopesift_classifiers.greedy import GreedySettings, search_rule
from scopesift_classifiers.log_odds import LogOddsSettings, search_log_odds
from scopesift_classifiers.paper import paper_rule


def table_of(acts, layers=(0,)):
    return FeatureTable(
        csr_matrix(np.asarray(acts, dtype=np.float32)), tuple(layers), acts.shape[1] // len(layers)
    )


def planted(n, seed, noise=0.0):
    """Feature 3 above 2.0 and feature 7 above 1.0 each show half of the positives; the rest is noise."""
    rng = np.random.default_rng(seed)
    positive = np.arange(n) % 2 == 0
    acts = rng.exponential(1.0, (n, 12)) * (rng.random((n, 12)) < 0.3)
    acts[:, 3] = rng.uniform(0.1, 1.9, n)
    acts[:, 7] = rng.uniform(0.1, 0.9, n)
    first = positive & (np.arange(n) % 4 == 0)
    acts[first, 3] = rng.uniform(2.1, 4.0, first.sum())
    second = positive & ~first
    acts[second, 7] = rng.uniform(1.1, 3.0, second.sum())
    flip = rng.random(n) < noise
    return acts, positive ^ flip


def test_greedy_finds_the_two_planted_features_and_their_thresholds():
    fit, positive = planted(400, 0)
    dev, positive_dev = planted(200, 1)
    found = search_rule(table_of(fit), positive, table_of(dev), positive_dev, GreedySettings())
    assert set(found.columns) == {3, 7}
    assert found.m == 1
    assert found.dev_macro_f1 > 0.97


def test_greedy_is_deterministic():
    fit, positive = planted(300, 2, noise=0.1)
    dev, positive_dev = planted(150, 3, noise=0.1)
    runs = [
        search_rule(table_of(fit), positive, table_of(dev), positive_dev, GreedySettings()) for _ in range(2)
    ]
    assert runs[0].columns == runs[1].columns
    assert runs[0].thresholds == runs[1].thresholds


def test_greedy_stops_when_dev_no_longer_gains():
    rng = np.random.default_rng(4)
    acts = rng.exponential(1.0, (300, 40))
    found = search_rule(
        table_of(acts), rng.random(300) < 0.5, table_of(acts[:100]), rng.random(100) < 0.5, GreedySettings()
    )
    assert len(found.columns) < GreedySettings().max_features


def test_at_least_two_wins_where_single_features_fire_on_both_classes():
    rng = np.random.default_rng(5)

    def data(n):
        positive = np.arange(n) % 2 == 0
        acts = np.zeros((n, 6))
        for column in range(3):  # all three on positives, exactly one on negatives
            acts[positive, column] = 1.0
        acts[np.flatnonzero(~positive), rng.integers(0, 3, (~positive).sum())] = 1.0
        return acts, positive

    (fit, positive), (dev, positive_dev) = data(200), data(100)
    found = search_rule(table_of(fit), positive, table_of(dev), positive_dev, GreedySettings())
    assert found.m >= 2
    assert found.dev_macro_f1 == pytest.approx(1.0)


def test_greedy_respects_the_feature_limit():
    fit, positive = planted(400, 6, noise=0.05)
    found = search_rule(
        table_of(fit), positive, table_of(fit), positive, GreedySettings(max_features=1, at_least=(1,))
    )
    assert len(found.columns) == 1


def test_the_paper_preset_takes_one_layer_at_threshold_zero():
    acts = np.zeros((8, 6))
    positive = np.arange(8) % 2 == 0
    acts[positive, 4] = 0.01  # layer 1: fires on every positive
    acts[:2, 0] = 9.0  # layer 0: says nothing
    found = paper_rule(table_of(acts, (0, 1)), positive, table_of(acts, (0, 1)), positive)
    assert found.columns[0] == 4
    assert set(found.thresholds) == {0.0}
    assert {column // 3 for column in found.columns} == {1}
    assert found.dev_macro_f1 == pytest.approx(1.0)


def test_log_odds_tell_three_classes_apart_by_one_feature_each():
    labels = ["a", "b", "c"] * 40
    rng = np.random.default_rng(7)
    acts = rng.exponential(0.5, (120, 9)) * (rng.random((120, 9)) < 0.2)
    for row, label in enumerate(labels):
        acts[row, "abc".index(label)] = 5.0
    found = search_log_odds(table_of(acts), labels, table_of(acts), labels, LogOddsSettings(per_class=(1, 4)))
    assert found.dev_accuracy == 1.0
    assert set(found.columns) == {0, 1, 2}  # fewer win the tie
    assert found.rules["b"].weights[1] == max(found.rules["b"].weights)
