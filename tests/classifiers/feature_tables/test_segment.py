"""A segment of the feature cache: damage anywhere in the file is noticed."""

import numpy as np
import pytest
from scipy.sparse import random as random_sparse
from scopesift_classifiers.feature_tables.segment import (
    DAMAGE,
    hits,
    read_dense,
    read_sparse,
    segment_path,
    text_keys,
    write_dense,
    write_sparse,
)

KEYS = np.sort(text_keys(["a", "b", "c"]))
ACTS = random_sparse(3, 128, 0.1, format="csr", dtype=np.float32, random_state=0)


def test_a_changed_byte_gives_damage_or_what_was_written(tmp_path):
    write_sparse(tmp_path, KEYS, ACTS)
    path = segment_path(tmp_path, KEYS)
    content = path.read_bytes()
    for at in range(len(content)):
        for value in (0x00, 0xFF, content[at] ^ 1):
            path.write_bytes(content[:at] + bytes([value]) + content[at + 1 :])
            try:
                read = read_sparse(path, np.arange(3), 128)
            except DAMAGE:
                continue
            assert (read != ACTS).nnz == 0


@pytest.mark.parametrize("kept", [0, 1, 20, 400, -1])
def test_a_file_cut_short_is_no_hit(tmp_path, kept):
    write_sparse(tmp_path, KEYS, ACTS)
    path = segment_path(tmp_path, KEYS)
    path.write_bytes(path.read_bytes()[:kept])
    assert list(hits(tmp_path, KEYS)) == []
    assert not path.exists()


def test_rows_that_a_segment_does_not_have_are_damage(tmp_path):
    write_sparse(tmp_path, KEYS, ACTS)
    with pytest.raises(DAMAGE):
        read_sparse(segment_path(tmp_path, KEYS), np.array([3]), 128)
    write_dense(tmp_path, KEYS, np.ones((3, 4), np.float32))
    with pytest.raises(DAMAGE):
        read_dense(segment_path(tmp_path, KEYS), np.array([3]), 4)
