import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scopesift_classifiers.feature_tables.counting import (
    FeatureTable,
    firing_rates,
    rate_differences,
    round_significant,
    threshold_grid,
)
from scopesift_features.reading.document_features import DocumentFeatures

ACTS = csr_matrix(np.array([[0, 2, 5], [1, 0, 6], [2, 0, 0], [3, 0, 0]], dtype=np.float32))
MEMBERS = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)


def test_rates_count_documents_at_or_above_each_threshold():
    grid = np.array([[0, 0, 0], [2, 3, 6]], dtype=np.float32)
    rates = firing_rates(ACTS, grid, MEMBERS)
    np.testing.assert_allclose(rates[0], [[0.5, 0.5, 1.0], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(rates[1], [[0.0, 0.0, 0.5], [1.0, 0.0, 0.0]])


def test_differences_compare_a_class_with_all_others_together():
    members = np.eye(3, dtype=np.float32)[[0, 1, 1, 2]]
    rates = firing_rates(ACTS, np.zeros((1, 3), np.float32), members)
    delta = rate_differences(rates, members)[0]
    np.testing.assert_allclose(delta[1, 0], 1.0 - 0.5)  # b: both fire feature 0; of the others one of two
    np.testing.assert_allclose(delta[0, 1], 1.0)


def test_thresholds_are_activations_that_occur_and_zero_for_level_zero():
    grid = threshold_grid(ACTS, [0.0, 0.5])
    np.testing.assert_allclose(grid[0], [0, 0, 0])
    np.testing.assert_allclose(grid[1], [2, 2, 6])


def test_a_column_that_never_fires_has_no_finite_threshold():
    empty = csr_matrix((3, 2), dtype=np.float32)
    assert np.isinf(threshold_grid(empty, [0.0, 0.5])).all()


@pytest.mark.parametrize("value", [1.23456789, 0.000123456, 98765.4321])
def test_rounding_goes_down_so_that_the_document_itself_still_fires(value):
    rounded = float(round_significant(np.array([value], dtype=np.float32))[0])
    assert rounded <= np.float32(value)
    assert rounded == pytest.approx(value, rel=2e-4)


def test_columns_keep_their_layer_and_index_when_layers_are_joined():
    features = DocumentFeatures({4: ACTS, 1: ACTS * 10}, None)
    table = FeatureTable.of(features)
    assert table.layers == (1, 4)
    assert table.name(4) == (4, 1)
    np.testing.assert_allclose(table.dense([0, 4])[:, 0], [0, 10, 20, 30])
