"""Overlap by hand: sizes, Jaccard, containment both ways, chance, halves."""

import numpy as np
import pytest
from scopesift_classifiers.overlaps.comparison import Overlap, compare, containment_matrix, split_half
from scopesift_classifiers.overlaps.usage import HALVINGS, FeatureUsage
from scopesift_files.errors import ScopesiftError


def made(name, rows, *layers, halves=None):
    counts = {layer: np.array(own, np.int32) for layer, own in enumerate(layers)}
    split = {layer: np.stack([own // 2] * HALVINGS) for layer, own in counts.items()}
    return FeatureUsage(name, rows, counts, split if halves is None else halves)


A = made("a", 100, [100, 50, 10, 0, 9], [20, 0, 0, 0, 0])
B = made("b", 10, [10, 1, 0, 1, 0], [0, 5, 0, 0, 0])


def test_sizes_and_shares_are_those_counted_by_hand():
    first, second = compare(A, B, 0.1).values()
    assert (first.size_a, first.size_b, first.shared) == (3, 3, 2)
    assert (first.jaccard, first.a_in_b, first.b_in_a) == (2 / 4, 2 / 3, 2 / 3)
    assert (second.size_a, second.size_b, second.shared) == (1, 1, 0)
    assert (second.jaccard, second.a_in_b) == (0, 0)
    both = Overlap.total([first, second])
    assert (both.size_a, both.size_b, both.shared, both.features) == (4, 4, 2, 10)
    assert (both.jaccard, both.a_in_b) == (2 / 6, 2 / 4)
    assert (both.a_in_b_by_chance, both.b_in_a_by_chance) == (4 / 10, 4 / 10)


def test_the_direction_matters_and_swapping_swaps_it():
    small, large = made("small", 10, [5, 0, 0, 0]), made("large", 10, [5, 5, 5, 5])
    one, other = (Overlap.total(compare(*pair, 0.1).values()) for pair in ((small, large), (large, small)))
    assert (one.a_in_b, one.b_in_a) == (1, 1 / 4) == (other.b_in_a, other.a_in_b)
    assert one.jaccard == other.jaccard == 1 / 4


@pytest.mark.parametrize("share", [0, 0.05, 0.1, 0.5])
def test_a_data_set_overlaps_itself_completely(share):
    for one in (*compare(A, A, share).values(), *compare(B, B, share).values()):
        assert {one.jaccard, one.a_in_b, one.b_in_a} <= {1, None}
    matrix = containment_matrix([A, B], share)
    assert (matrix[0][0], matrix[1][1]) == (1, 1)


def test_sets_without_features_have_no_overlap_rather_than_an_error():
    nothing = made("nothing", 10, [0, 0], [0, 0])
    one = Overlap.total(compare(nothing, nothing, 0.1).values())
    assert (one.jaccard, one.a_in_b, one.b_in_a) == (None, None, None)
    assert one.to_dict()["jaccard"] is None


def test_halves_of_like_documents_overlap_and_of_single_ones_do_not():
    like = made("like", 100, [100, 100, 0])
    assert split_half(like, 0.1) == {"jaccard": 1, "contained": 1, "largest_gap": 0}
    apart = {0: np.array([[1, 0]] * HALVINGS, np.int32)}  # one document has one feature, the other the other
    assert split_half(made("apart", 2, [1, 1], halves=apart), 0.1) == {
        "jaccard": 0,
        "contained": 0,
        "largest_gap": 1,
    }
    assert set(split_half(made("one", 1, [1, 1]), 0.1).values()) == {None}


def test_usages_of_different_layers_are_not_compared():
    with pytest.raises(ScopesiftError, match="same layers"):
        compare(A, made("c", 10, [1]), 0.1)
