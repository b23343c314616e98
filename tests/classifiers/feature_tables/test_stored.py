import os
import time

import numpy as np
import pytest
from scopesift_classifiers.feature_tables import wanted_texts
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.feature_tables.stored import StoredTable
from scopesift_classifiers.fitting import fit as fitting
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_files.errors import ScopeError, ScopesiftError

TEXTS = ["The cat sat", "", "Das Wetter", "The cat sat", "rain rain", "a trial", "mat"]


@pytest.fixture
def tables(tiny_scope, tmp_path, monkeypatch):
    """The same texts on disk, in segments of three and partly from an earlier reading, and in memory."""
    monkeypatch.setattr(wanted_texts, "SEGMENT_TEXTS", 3)
    cache = FeatureCache(tmp_path)
    cache.document_features(tiny_scope, ["rain rain", "other"], [1])
    stored = cache.stored(tiny_scope, TEXTS, [1, 3])
    return stored, FeatureTable.of(cache.document_features(tiny_scope, TEXTS, [1, 3]))


def test_a_stored_table_holds_what_one_in_memory_holds(tables):
    stored, memory = tables
    every = list(range(2 * stored.d_sae))
    np.testing.assert_array_equal(stored.dense(every), memory.dense(every))
    assert stored.layers == memory.layers
    assert stored.name(stored.d_sae + 5) == memory.name(stored.d_sae + 5) == (3, 5)


def test_every_document_is_in_one_block(tables):
    stored, _ = tables
    for layer in stored.layers:
        documents = np.concatenate([block.documents_B for block in stored.blocks(layer)])
        assert sorted(documents.tolist()) == list(range(len(TEXTS)))


def test_rows_are_taken_in_the_order_asked_for(tables):
    stored, memory = tables
    index = np.array([4, 0, 6])
    np.testing.assert_array_equal(stored.rows(index).dense([7, 3]), memory.rows(index).dense([7, 3]))


def test_a_fit_from_disk_equals_a_fit_from_memory(tiny_scope, tmp_path, insults, languages, monkeypatch):
    for rows, unknown in ((insults, "other"), (languages, "und")):
        train, dev, settings = rows(90, 1), rows(45, 2), FitSettings(unknown=unknown)
        cache = FeatureCache(tmp_path / unknown)
        monkeypatch.setattr(fitting, "IN_MEMORY_BYTES", 1 << 40)
        memory = fit_classifier("x", tiny_scope, train, dev, settings, cache=cache)
        monkeypatch.setattr(fitting, "SMALL", 0)
        monkeypatch.setattr(fitting, "IN_MEMORY_BYTES", 0)
        monkeypatch.setattr(fitting, "read_table", None)  # nothing may be read into memory
        assert (
            fit_classifier("x", tiny_scope, train, dev, settings, cache=cache).to_json() == memory.to_json()
        )
        monkeypatch.undo()


def test_a_segment_that_went_away_is_one_clear_line(tables):
    stored, _ = tables
    assert isinstance(stored, StoredTable)
    stored.parts[1][0].path.unlink()
    with pytest.raises(ScopesiftError, match="run it again"):
        stored.dense([0])


def damage(path):
    """Change a byte of a segment's values, behind the keys."""
    content = path.read_bytes()
    at = content.rindex(b"values.npy", 0, content.index(b"PK\x01\x02")) + 160
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


def test_a_damaged_segment_is_read_again_by_the_next_large_fit(tiny_scope, tmp_path, tables):
    expected = tables[1].dense([0, 5, 9])
    for path in tmp_path.glob("*/*/*.npz"):
        damage(path)
    again = FeatureCache(tmp_path).stored(tiny_scope, TEXTS, [1, 3])
    np.testing.assert_allclose(again.dense([0, 5, 9]), expected, rtol=1e-4)


def test_a_segment_that_is_damaged_during_a_fit_stops_only_this_one(tiny_scope, tmp_path, tables):
    stored, memory = tables
    damage(stored.parts[1][0].path)
    with pytest.raises(ScopesiftError, match="run it again"):
        stored.dense([0])
    again = FeatureCache(tmp_path).stored(tiny_scope, TEXTS, [1, 3])
    np.testing.assert_allclose(again.dense([0]), memory.dense([0]), rtol=1e-4)


def test_a_table_that_stays_on_disk_keeps_the_bound_of_the_cache_and_its_own_segments(
    tiny_scope, tmp_path, monkeypatch
):
    cache = FeatureCache(tmp_path, limit_bytes=0)
    old = cache.stored(tiny_scope, ["an old text"], [1]).parts[1][0].path
    os.utime(old, (time.time() - 1e6,) * 2)

    def slow(done, total):
        for path in tmp_path.glob("*/*/*.npz"):
            os.utime(path, (time.time() - 1e5,) * 2)  # as if each batch took a day

    monkeypatch.setattr(wanted_texts, "SEGMENT_TEXTS", 2)
    stored = cache.stored(tiny_scope, TEXTS, [1], on_progress=slow)
    assert not old.exists()
    assert stored.dense([0]).shape == (len(TEXTS), 1)


def test_what_a_fit_reads_from_disk_counts_as_in_use(tables):
    stored, _ = tables
    path = stored.parts[1][0].path
    os.utime(path, (time.time() - 1e6,) * 2)
    stored.dense([0])
    assert time.time() - path.stat().st_mtime < 60


def test_a_full_disk_is_an_error_where_the_table_has_to_stay_on_it(tiny_scope, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ScopeError, match="cannot write"):
        FeatureCache(blocked / "cache").stored(tiny_scope, TEXTS, [1])
