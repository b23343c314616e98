import numpy as np
import pytest
from scipy.sparse import csc_matrix
from scopesift_classifiers.rule_search import firing_bits
from scopesift_classifiers.rule_search.firing_bits import FiringBits, pack_bits, unpack_bits


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 200])
def test_packing_loses_nothing(n):
    flags = np.random.default_rng(n).random(n) < 0.5
    np.testing.assert_array_equal(unpack_bits(pack_bits(flags), n), flags)


def test_counts_equal_those_of_plain_booleans(monkeypatch):
    monkeypatch.setattr(firing_bits, "WORDS_AT_ONCE", 8)
    rng = np.random.default_rng(0)
    acts = np.round(rng.random((150, 5)) * (rng.random((150, 5)) < 0.6), 2).astype(np.float32)
    thresholds = [np.array([0.0, 0.3, 0.31], dtype=np.float32)] * 5
    bits = FiringBits.of(csc_matrix(acts), thresholds)
    fires = np.array([(acts[:, f] >= t) & (acts[:, f] > 0) for f in range(5) for t in thresholds[f]])
    among = rng.random(150) < 0.4
    np.testing.assert_array_equal(bits.count(among), (fires & among).sum(axis=1))
    some = np.array([3, 0, 14])
    np.testing.assert_array_equal(bits.count(among, some), (fires & among).sum(axis=1)[some])
    np.testing.assert_array_equal(bits.fired([1, 4, 4]), fires[[1, 4, 4]].sum(axis=0))


def test_no_pairs_and_no_documents_are_fine():
    assert FiringBits.of(csc_matrix((3, 0), dtype=np.float32), []).count(np.ones(3, bool)).shape == (0,)
    empty = FiringBits.of(csc_matrix((0, 1), dtype=np.float32), [np.zeros(1, np.float32)])
    assert empty.count(np.zeros(0, bool)).tolist() == [0]
