import numpy as np
import pytest
from scopesift_classifiers.fitting import fit as fitting
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.tables import wanted_texts
from scopesift_classifiers.tables.cache import FeatureCache
from scopesift_classifiers.tables.counting import FeatureTable
from scopesift_classifiers.tables.stored import StoredTable
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


def test_a_full_disk_is_an_error_where_the_table_has_to_stay_on_it(tiny_scope, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ScopeError, match="cannot write"):
        FeatureCache(blocked / "cache").stored(tiny_scope, TEXTS, [1])
