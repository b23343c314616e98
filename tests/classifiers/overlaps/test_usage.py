"""Counting agrees with features counted by hand, in every chunking, with and without a cache."""

import json

import numpy as np
import pytest
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.overlaps import usage as usage_module
from scopesift_classifiers.overlaps.data_sets import DataSet
from scopesift_classifiers.overlaps.usage import HALVINGS, count_usage, least_documents, random_halves
from scopesift_features.reading.document_features import document_features

WORDS = ["cat", "sat", "rain", "mat", "watched", "vaccine", "large", "trial", "idiot", "heute"]
LAYERS = [1, 3]


@pytest.fixture(scope="module")
def texts():
    rng = np.random.default_rng(1)
    return [" ".join(rng.choice(WORDS, 4)) for _ in range(30)] + ["", "cat", "cat"]


@pytest.fixture(scope="module")
def data(texts, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "a.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return DataSet.open(path)


@pytest.mark.parametrize("last_token", [False, True])
@pytest.mark.parametrize("cached", [False, True])
def test_counts_are_the_documents_in_which_a_feature_is_active(
    tiny_scope, data, texts, monkeypatch, tmp_path, last_token, cached
):
    monkeypatch.setattr(usage_module, "TEXTS_AT_ONCE", 7)
    monkeypatch.setattr(usage_module, "CACHED_AT_ONCE", 7)
    cache = FeatureCache(tmp_path / "cache") if cached else None
    features = document_features(tiny_scope, texts, LAYERS, last_token=last_token)
    for _ in range(2):  # read, then from the cache
        found = count_usage(tiny_scope, data, LAYERS, last_token=last_token, cache=cache)
        halves_HN = random_halves(len(texts), 0)
        for layer in LAYERS:
            active_NF = features.acts[layer].toarray() > 0
            np.testing.assert_array_equal(found.counts[layer], active_NF.sum(axis=0))
            for half_F, half_N in zip(found.halves[layer], halves_HN, strict=True):
                np.testing.assert_array_equal(half_F, active_NF[half_N].sum(axis=0))


def test_the_last_token_and_the_whole_document_never_share_an_entry_of_the_cache(tiny_scope, data, tmp_path):
    cache = FeatureCache(tmp_path / "cache")
    whole, last, again = (
        count_usage(tiny_scope, data, LAYERS, last_token=last_token, cache=cache)
        for last_token in (False, True, False)
    )
    for layer in LAYERS:
        assert last.counts[layer].sum() < whole.counts[layer].sum() / 2
        np.testing.assert_array_equal(again.counts[layer], whole.counts[layer])


def test_progress_reaches_all_documents(tiny_scope, data, monkeypatch):
    monkeypatch.setattr(usage_module, "TEXTS_AT_ONCE", 10)
    seen = []
    count_usage(tiny_scope, data, LAYERS, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (len(data), len(data))


@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_halves_are_even_and_different_from_each_other(n):
    halves_HN = random_halves(n, seed=3)
    assert halves_HN.shape == (HALVINGS, n)
    assert (halves_HN.sum(axis=1) == n // 2).all()
    if n == 9:
        assert len({half.tobytes() for half in halves_HN}) > 1


def test_a_share_is_rounded_up_to_documents_and_one_at_least():
    assert [least_documents(rows, 0.01) for rows in (1, 100, 101, 164)] == [1, 1, 2, 2]
    assert least_documents(100, 0.07) == 7  # .07 * 100 is above 7 in floating point
    assert least_documents(100, 0) == 1


def test_no_more_texts_are_held_than_are_read_at_a_time(tiny_scope, data, texts, monkeypatch):
    held = []
    read = usage_module.read_features

    def noted(scope, texts, layers, **options):
        held.append(len(texts))
        return read(scope, texts, layers, **options)

    monkeypatch.setattr(usage_module, "TEXTS_AT_ONCE", 7)
    monkeypatch.setattr(usage_module, "read_features", noted)
    count_usage(tiny_scope, data, LAYERS)
    assert max(held) == 7
    assert sum(held) == len(texts)
