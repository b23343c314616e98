import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scopesift_classifiers.feature_tables import counting
from scopesift_classifiers.feature_tables.counting import (
    FeatureTable,
    firing_rates,
    rate_differences,
    threshold_grid,
)
from scopesift_classifiers.rule_search.ranking import WHOLE, rank

LEVELS = (0.0, 0.5)


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    acts = rng.random((90, 12)).astype(np.float32) * (rng.random((90, 12)) < 0.4)
    return (
        FeatureTable(csr_matrix(acts, dtype=np.float32), (0, 2), 6),
        np.arange(90) % 3,
        np.arange(90) // 3 % 2,
    )


def by_hand(table, class_N, kept, one, grid):
    members = np.eye(3, dtype=np.float32)[class_N[kept]]
    rates = firing_rates(table.acts_NF[np.flatnonzero(kept)], grid, members)
    return rate_differences(rates, members)[:, one].max(axis=0)


@pytest.mark.parametrize("fold", [WHOLE, 0, 1])
def test_leaving_a_fold_out_ranks_as_if_it_had_never_been_there(data, fold):
    table, class_N, fold_N = data
    grid = threshold_grid(table.acts_NF, LEVELS)
    rankings = rank(table, class_N, 3, LEVELS, limit=99, fold_N=fold_N)
    for one in range(3):
        expected = by_hand(table, class_N, fold_N != fold, one, grid)
        ranking = rankings[fold, one]
        np.testing.assert_allclose(ranking.differences_R, np.sort(expected[expected > 1e-6])[::-1], atol=1e-6)
        np.testing.assert_allclose(ranking.differences_R, expected[ranking.columns_R], atol=1e-6)
        np.testing.assert_array_equal(ranking.grid_QR, grid[:, ranking.columns_R])


def test_ties_go_to_the_lowest_column():
    acts = np.tile(np.array([[1.0], [0.0]], dtype=np.float32), (4, 6))
    table = FeatureTable(csr_matrix(acts), (0, 1), 3)
    ranking = rank(table, np.arange(8) % 2, 2, (0.0,), limit=2)[WHOLE, 0]
    assert ranking.columns_R.tolist() == [0, 1, 3, 4]  # at most two a layer
    assert ranking.best_thresholds().tolist() == [0.0] * 4


def test_small_pieces_count_the_same(data, monkeypatch):
    table, class_N, _ = data
    whole = rank(table, class_N, 3, LEVELS, limit=9)[WHOLE, 1]
    monkeypatch.setattr(counting, "ENTRIES_AT_ONCE", 7)
    pieces = rank(table, class_N, 3, LEVELS, limit=9)[WHOLE, 1]
    np.testing.assert_array_equal(whole.columns_R, pieces.columns_R)
    np.testing.assert_array_equal(whole.differences_R, pieces.differences_R)


def test_thresholds_of_a_large_table_come_from_an_even_sample(data, monkeypatch):
    table, class_N, _ = data
    monkeypatch.setattr(counting, "GRID_DOCUMENTS", 30)
    ranking = rank(table, class_N, 3, LEVELS, limit=9)[WHOLE, 0]
    grid = threshold_grid(table.acts_NF[::3], LEVELS)
    np.testing.assert_array_equal(ranking.grid_QR, grid[:, ranking.columns_R])


def test_thresholds_that_do_not_ascend_are_refused():
    acts = csr_matrix(np.ones((2, 1), dtype=np.float32)).tocsc()
    with pytest.raises(ValueError, match="ascend"):
        counting.firing_counts(acts, np.array([[1.0], [0.5]], np.float32), np.zeros(2, np.int64), 1)
