import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scopesift_classifiers.artifact.rule import firing
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.measuring.objective import Objective
from scopesift_classifiers.rule_search.cofiring import count_cofiring
from scopesift_classifiers.rule_search.greedy import GreedySettings, search_greedy
from scopesift_classifiers.rule_search.log_odds import LogOddsSettings, rules_of_counts, search_log_odds
from scopesift_classifiers.rule_search.paper import PaperSettings, search_paper


def table_of(acts, layers=(0,)):
    return FeatureTable(
        csr_matrix(np.asarray(acts, dtype=np.float32)), tuple(layers), acts.shape[1] // len(layers)
    )


def greedy_rule(fit, positive, dev, positive_dev, settings=None):
    """What greedy finds on all fit rows."""
    found = search_greedy(table_of(fit), positive, table_of(dev), positive_dev, settings or GreedySettings())
    return found.whole


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
    found = greedy_rule(fit, positive, dev, positive_dev)
    assert set(found.columns) == {3, 7}
    assert found.rule.m == 1
    assert found.dev_objective > 0.97


def test_greedy_is_deterministic():
    fit, positive = planted(300, 2, noise=0.1)
    dev, positive_dev = planted(150, 3, noise=0.1)
    runs = [greedy_rule(fit, positive, dev, positive_dev) for _ in range(2)]
    assert runs[0].columns == runs[1].columns
    assert runs[0].thresholds == runs[1].thresholds


def test_greedy_stops_when_dev_no_longer_gains():
    rng = np.random.default_rng(4)
    acts = rng.exponential(1.0, (300, 40))
    found = greedy_rule(acts, rng.random(300) < 0.5, acts[:100], rng.random(100) < 0.5)
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
    found = greedy_rule(fit, positive, dev, positive_dev)
    assert found.rule.m >= 2
    assert found.dev_objective == pytest.approx(1.0)


def test_greedy_respects_the_feature_limit():
    fit, positive = planted(400, 6, noise=0.05)
    found = greedy_rule(fit, positive, fit, positive, GreedySettings(max_features=1, at_least=(1,)))
    assert len(found.columns) == 1


def test_the_paper_preset_takes_one_layer_at_threshold_zero():
    acts = np.zeros((8, 6))
    positive = np.arange(8) % 2 == 0
    acts[positive, 4] = 0.01  # layer 1: fires on every positive
    acts[:2, 0] = 9.0  # layer 0: says nothing
    found = search_paper(table_of(acts, (0, 1)), positive, table_of(acts, (0, 1)), positive).whole
    assert found.columns[0] == 4
    assert set(found.thresholds) == {0.0}
    assert {column // 3 for column in found.columns} == {1}
    assert found.dev_objective == pytest.approx(1.0)


def test_log_odds_tell_three_classes_apart_by_one_feature_each():
    labels = ["a", "b", "c"] * 40
    rng = np.random.default_rng(7)
    acts = rng.exponential(0.5, (120, 9)) * (rng.random((120, 9)) < 0.2)
    for row, label in enumerate(labels):
        acts[row, "abc".index(label)] = 5.0
    table, settings = table_of(acts), LogOddsSettings(per_class=(1, 4))
    found = search_log_odds(table, labels, table, labels, settings).whole
    assert found.dev_objective == 1.0
    assert set(found.columns) == {0, 1, 2}  # fewer win the tie
    assert found.rules[1].weights[1] == max(found.rules[1].weights)


def test_without_a_fold_the_search_finds_what_it_finds_in_the_rest_alone():
    fit, positive = planted(300, 8, noise=0.1)
    dev, positive_dev = planted(150, 9, noise=0.1)
    fold_N = np.arange(300) // 3 % 3
    found = search_greedy(
        table_of(fit), positive, table_of(dev), positive_dev, GreedySettings(), fold_N=fold_N
    )
    assert found.whole.columns == greedy_rule(fit, positive, dev, positive_dev).columns
    assert len(found.without) == 3
    for fold, rule in enumerate(found.without):
        rest = np.flatnonzero(fold_N != fold)
        alone = greedy_rule(fit[rest], positive[rest], dev, positive_dev)
        # the candidate thresholds come from all rows, so that the paths may part after the planted features
        assert set(rule.columns) & {3, 7} == set(alone.columns) & {3, 7} == {3, 7}


def test_rows_of_the_fold_that_is_left_out_are_not_looked_at():
    fit, positive = planted(300, 10)
    dev, positive_dev = planted(150, 11)
    fold_N = np.arange(300) // 3 % 3
    liar = np.where(fold_N == 1, ~positive, positive)  # in fold 1 every label is wrong
    honest = search_greedy(
        table_of(fit), positive, table_of(dev), positive_dev, GreedySettings(), fold_N=fold_N
    )
    misled = search_greedy(table_of(fit), liar, table_of(dev), positive_dev, GreedySettings(), fold_N=fold_N)
    assert misled.without[1].columns == honest.without[1].columns
    assert misled.without[1].thresholds == honest.without[1].thresholds
    assert misled.without[0].dev_objective < honest.without[0].dev_objective


def test_greedy_reaches_the_precision_it_is_asked_for():
    fit, positive = planted(600, 12, noise=0.15)
    dev, positive_dev = planted(600, 13, noise=0.15)
    strict = Objective("recall_at_precision", precision=0.8)
    settings = GreedySettings(at_least=(1,))
    found = search_greedy(
        table_of(fit), positive, table_of(dev), positive_dev, settings, objective=strict
    ).whole
    fires = (dev[:, list(found.columns)] >= np.array(found.thresholds)).any(axis=1)
    assert (fires & positive_dev).sum() / fires.sum() >= 0.8
    assert found.dev_objective == pytest.approx((fires & positive_dev).sum() / positive_dev.sum())


def test_beta_moves_greedy_from_precision_to_recall():
    fit, positive = planted(600, 14, noise=0.25)
    dev, positive_dev = planted(600, 15, noise=0.25)

    def recall(beta):
        found = search_greedy(
            table_of(fit),
            positive,
            table_of(dev),
            positive_dev,
            GreedySettings(),
            objective=Objective("f_beta", beta=beta),
        ).whole
        acts = dev[:, list(found.columns)]
        fires = ((acts >= np.array(found.thresholds)) & (acts > 0)).sum(axis=1) >= found.rule.m
        return (fires & positive_dev).sum() / positive_dev.sum()

    assert recall(4.0) > recall(0.25)


def test_the_papers_layers_are_taken_in_the_order_of_their_best_feature():
    acts = np.zeros((12, 9))
    positive = np.arange(12) % 2 == 0
    acts[positive, 7] = 1.0  # layer 2: six of six
    acts[np.flatnonzero(positive)[:5], 1] = 1.0  # layer 0: five
    acts[np.flatnonzero(positive)[:4], 0] = 1.0  # layer 0, second best: four
    acts[np.flatnonzero(positive)[:3], 4] = 1.0  # layer 1: three
    table = table_of(acts, (0, 1, 2))
    found = search_paper(table, positive, table, positive, PaperSettings(k=(3,), multilayer=True)).whole
    assert found.columns == (7, 1, 4)


def test_many_rules_without_a_fold_equal_rules_of_the_rest_alone():
    labels = ["a", "b", "c"] * 40
    rng = np.random.default_rng(16)
    acts = rng.integers(1, 4, (120, 9)) * (rng.random((120, 9)) < 0.3).astype(float)
    for row, label in enumerate(labels):
        if rng.random() < 0.8:
            acts[row, "abc".index(label)] = 5.0
    fold_N = np.arange(120) // 3 % 3
    settings = LogOddsSettings(per_class=(3,), shrinkage=(0.1,))
    table = table_of(acts)
    found = search_log_odds(table, labels, table, labels, settings, fold_N=fold_N)
    assert found.whole.rules == search_log_odds(table, labels, table, labels, settings).whole.rules
    for fold, part in enumerate(found.without):
        rest = np.flatnonzero(fold_N != fold)
        cuts = np.array(part.thresholds, dtype=np.float32)
        fires = firing(table.rows(rest).dense(part.columns), cuts)
        assert part.rules == rules_of_counts(count_cofiring(fires, rest % 3, 3), 0.1)
