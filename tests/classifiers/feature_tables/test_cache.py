import os
import time

import numpy as np
import pytest
from scopesift_classifiers.feature_tables import wanted_texts
from scopesift_classifiers.feature_tables.cache import FeatureCache, mean_residuals
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError, ScopeError

TEXTS = ["The cat sat", "", "Das Wetter ist schön", "a\ud800b", "The cat sat", "rain " * 40]


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "cache")


@pytest.fixture
def reads(monkeypatch):
    """Every (texts, layers) that is really read."""
    seen = []

    def counted(scope, texts, layers, **options):
        seen.append((list(texts), list(layers)))
        return document_features(scope, texts, layers, **options)

    monkeypatch.setattr(wanted_texts, "document_features", counted)
    return seen


def same(found, expected):
    for layer, acts in expected.acts.items():
        np.testing.assert_array_equal(found.acts[layer].toarray(), acts.toarray())
        assert found.acts[layer].dtype == np.float32
        assert found.acts[layer].has_sorted_indices
    for layer, means in (expected.mean_ND or {}).items():
        np.testing.assert_array_equal(found.mean_ND[layer], means)


def close(found, expected):
    """The same up to rounding: the cache reads each text once, so that its batches are others."""
    for layer, acts in expected.acts.items():
        np.testing.assert_allclose(found.acts[layer].toarray(), acts.toarray(), rtol=1e-4)


def test_what_comes_from_the_cache_equals_what_was_read(tiny_scope, cache, reads):
    expected = document_features(tiny_scope, TEXTS, [1, 3], mean_residual=True)
    first = cache.document_features(tiny_scope, TEXTS, [1, 3], mean_residual=True)
    reads.clear()
    second = cache.document_features(tiny_scope, TEXTS, [1, 3], mean_residual=True)
    assert reads == []
    same(second, first)
    close(first, expected)
    for layer in (1, 3):
        np.testing.assert_allclose(first.mean_ND[layer], expected.mean_ND[layer], rtol=1e-4, atol=1e-6)


def test_only_new_texts_are_read_and_each_once(tiny_scope, cache, reads):
    cache.document_features(tiny_scope, TEXTS[:3], [1])
    cache.document_features(tiny_scope, TEXTS, [1])
    assert [texts for texts, _ in reads] == [TEXTS[:3], ["a\ud800b", "rain " * 40]]


def test_only_new_layers_are_read(tiny_scope, cache, reads):
    cache.document_features(tiny_scope, TEXTS, [1])
    found = cache.document_features(tiny_scope, TEXTS, [0, 1, 3])
    assert reads[1][1] == [0, 3]
    close(found, document_features(tiny_scope, TEXTS, [0, 1, 3]))


def test_mean_residuals_asked_for_later_are_read_then(tiny_scope, cache, reads):
    cache.document_features(tiny_scope, TEXTS, [1])
    means = cache.mean_residuals(tiny_scope, TEXTS, 1)
    assert len(reads) == 2
    np.testing.assert_array_equal(means, cache.mean_residuals(tiny_scope, TEXTS, 1))
    np.testing.assert_allclose(means, mean_residuals(tiny_scope, TEXTS, 1), rtol=1e-4, atol=1e-6)
    assert len(reads) == 3  # the last one had no cache


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_entry_is_read_again_and_mended(tiny_scope, cache, reads, damage):
    expected = cache.document_features(tiny_scope, TEXTS, [1])
    (path,) = cache.folder.glob("*/*/*.npz")
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(damage if damage is not None else content[:middle] + b"\xff" * 8 + content[middle + 8 :])
    reads.clear()
    same(cache.document_features(tiny_scope, TEXTS, [1]), expected)
    assert len(reads) == 1
    same(cache.document_features(tiny_scope, TEXTS, [1]), expected)
    assert len(reads) == 1


def test_another_scope_shares_nothing(tiny_scope, tiny_scope_folder, cache, reads):
    cache.document_features(tiny_scope, TEXTS[:1], [1])
    other = Scope.load(tiny_scope_folder, device="cpu", dtype="bfloat16")
    cache.document_features(other, TEXTS[:1], [1])
    assert len(reads) == 2


def test_an_interrupted_reading_keeps_what_it_had(tiny_scope, cache, reads, monkeypatch):
    monkeypatch.setattr(wanted_texts, "SEGMENT_TEXTS", 2)

    def stop(done, total):
        if done >= 4:
            raise KeyboardInterrupt

    texts = [f"text {row}" for row in range(6)]
    with pytest.raises(KeyboardInterrupt):
        cache.document_features(tiny_scope, texts, [1], on_progress=stop)
    reads.clear()
    cache.document_features(tiny_scope, texts, [1])
    assert sum(len(read) for read, _ in reads) == 4


def test_a_folder_that_cannot_be_written_costs_time_only(tiny_scope, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    cache = FeatureCache(blocked / "cache")
    close(cache.document_features(tiny_scope, TEXTS, [1]), document_features(tiny_scope, TEXTS, [1]))


def test_what_was_unused_for_longest_makes_room(tiny_scope, cache):
    for number in range(3):
        cache.document_features(tiny_scope, [f"text {number}"], [1])
        (newest,) = set(cache.folder.glob("*/*/*.npz")) - set(getattr(cache, "seen", ()))
        cache.seen = [*getattr(cache, "seen", ()), newest]
        os.utime(newest, (time.time() - 1e6 + number,) * 2)
    one = cache.size() // 3
    small = FeatureCache(cache.folder, limit_bytes=int(2.5 * one))
    small.document_features(tiny_scope, ["text 3"], [1])
    left = [path in set(cache.folder.glob("*/*/*.npz")) for path in cache.seen]
    assert left == [False, False, True]


def test_what_is_in_use_is_never_deleted(tiny_scope, tmp_path):
    cache = FeatureCache(tmp_path, limit_bytes=0)
    cache.document_features(tiny_scope, TEXTS, [1])
    assert cache.size() > 0


def test_clear_leaves_nothing(tiny_scope, cache):
    cache.document_features(tiny_scope, TEXTS, [1])
    cache.clear()
    assert cache.size() == 0


def test_progress_counts_known_texts_as_done(tiny_scope, cache):
    cache.document_features(tiny_scope, TEXTS[:2], [1])
    steps = []
    cache.document_features(
        tiny_scope, TEXTS, [1], on_progress=lambda done, total: steps.append((done, total))
    )
    assert steps[0][0] >= 2
    assert steps[-1] == (len(TEXTS), len(TEXTS))


def test_errors_are_those_of_reading(tiny_scope, cache):
    with pytest.raises(ScopeError, match="no layer 9"):
        cache.document_features(tiny_scope, TEXTS, [9])
    with pytest.raises(InputError, match="expected a string"):
        cache.document_features(tiny_scope, ["x", 3], [1])
    assert cache.document_features(tiny_scope, [], [1]).acts[1].shape == (0, tiny_scope.d_sae)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SCOPESIFT_CACHE": "/a/b"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/scopesift/features"),
        ({"HOME": "/home/me"}, "/home/me/.cache/scopesift/features"),
    ],
)
def test_the_environment_says_where_the_cache_lies(monkeypatch, environment, expected):
    for name in ("SCOPESIFT_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert str(FeatureCache.default().folder) == expected


@pytest.mark.parametrize("value", ["", "off", "0"])
def test_the_environment_can_turn_the_cache_off(monkeypatch, value):
    monkeypatch.setenv("SCOPESIFT_CACHE", value)
    assert FeatureCache.default() is None
