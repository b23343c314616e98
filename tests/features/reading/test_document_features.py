import numpy as np
import pytest
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.document_features import document_features
from scopesift_features.reading.extract import stream_residuals
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError

TEXTS = [
    "The cat sat on the mat.",
    "Idiot",
    "",
    "Сегодня хорошая погода",
    "word and word " * 60,
    "   ",
    "a\0b \ud800",
    "👨‍👩‍👧 שלום",
]


def test_document_features_are_the_maxima_over_tokens_and_windows(tiny_scope, float32_features):
    features = document_features(tiny_scope, TEXTS, [1, 3])
    for layer in (1, 3):
        low_NF, high_NF = float32_features(tiny_scope, TEXTS, layer)
        dense_NF = features.acts[layer].toarray()
        assert dense_NF.dtype == np.float32
        assert ((low_NF <= dense_NF) & (dense_NF <= high_NF)).all()
        assert np.count_nonzero(low_NF) > 0.95 * np.count_nonzero(high_NF)  # few are on the edge of the top-k


def test_bfloat16_is_farther_off_than_float32_may_be(tiny_scope, tiny_scope_folder, float32_features):
    """Else the bounds of float32 could not fail."""
    rounded = Scope.load(tiny_scope_folder, device="cpu", dtype="bfloat16")
    for layer in tiny_scope.layers:
        low_NF, high_NF = float32_features(tiny_scope, TEXTS, layer)
        dense_NF = document_features(rounded, TEXTS, [layer]).acts[layer].toarray()
        outside_NF = (dense_NF < low_NF) | (high_NF < dense_NF)
        assert np.count_nonzero(outside_NF) > 0.5 * np.count_nonzero(high_NF)


def test_batch_size_and_order_of_the_texts_do_not_matter(tiny_scope):
    texts = [f"{text} {i}" for i in range(6) for text in TEXTS]
    whole = document_features(tiny_scope, texts, [3]).acts[3].toarray()
    small = document_features(tiny_scope, texts, [3], max_tokens=1).acts[3].toarray()
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = document_features(tiny_scope, [texts[i] for i in order], [3]).acts[3].toarray()
    for other in (small[order], shuffled):
        assert ((other > 0) == (whole[order] > 0)).all()
        np.testing.assert_allclose(other, whole[order], rtol=1e-4, atol=1e-5)


def test_a_chunk_border_changes_nothing(tiny_scope, monkeypatch):
    whole = document_features(tiny_scope, TEXTS, [2], mean_residual=True)
    monkeypatch.setattr("scopesift_features.reading.document_features.CHUNK_TEXTS", 3)
    cut = document_features(tiny_scope, TEXTS, [2], mean_residual=True)
    np.testing.assert_allclose(whole.acts[2].toarray(), cut.acts[2].toarray(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(whole.mean_ND[2], cut.mean_ND[2], rtol=1e-4, atol=1e-5)


def test_the_matrix_is_sparse_sorted_and_without_zeros(tiny_scope):
    acts = document_features(tiny_scope, TEXTS, [0]).acts[0]
    assert acts.has_sorted_indices
    assert (acts.data > 0).all()
    assert acts.getnnz(axis=1)[2] == 0  # the empty text
    assert acts.getnnz(axis=1)[1] > 0  # the one-word text


def test_the_mean_residual_is_over_kept_tokens(tiny_scope):
    mean_ND = document_features(tiny_scope, ["The cat", ""], [2], mean_residual=True).mean_ND[2]
    (batch,) = stream_residuals(tiny_scope, make_windows(tiny_scope, ["The cat"]), [2])
    np.testing.assert_allclose(mean_ND[0], batch.resid_TD[2].mean(dim=0).numpy(), rtol=1e-5, atol=1e-6)
    assert (mean_ND[1] == 0).all()


def test_no_texts_give_an_empty_matrix(tiny_scope):
    features = document_features(tiny_scope, [], [0], mean_residual=True)
    assert features.acts[0].shape == (0, tiny_scope.d_sae)
    assert features.mean_ND[0].shape == (0, tiny_scope.d_model)


def test_progress_ends_at_all_texts(tiny_scope):
    seen = []
    document_features(
        tiny_scope, TEXTS, [0], max_tokens=16, on_progress=lambda done, n: seen.append((done, n))
    )
    assert seen[-1] == (len(TEXTS), len(TEXTS))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_residuals_come_with_window_and_position(tiny_scope):
    windows = make_windows(tiny_scope, TEXTS)
    kept = {(id(window), position) for window in windows for position in np.flatnonzero(window.keep)}
    for batch in stream_residuals(tiny_scope, windows, [0, 2], max_tokens=128):
        assert (batch.window_T.diff() >= 0).all()
        assert batch.resid_TD[0].shape == (len(batch.window_T), tiny_scope.d_model)
        for window, position in zip(batch.window_T.tolist(), batch.position_T.tolist(), strict=True):
            kept.remove((id(batch.windows[window]), position))
    assert not kept


def test_the_padding_of_a_batch_cannot_be_seen(tiny_scope):
    texts = ["Idiot", "word and word " * 4]
    together = document_features(tiny_scope, texts, [3], mean_residual=True)
    alone = document_features(tiny_scope, texts[:1], [3], mean_residual=True)
    np.testing.assert_allclose(together.mean_ND[3][0], alone.mean_ND[3][0], rtol=1e-4, atol=1e-5)


def test_a_layer_that_is_not_there_is_reported_before_the_backbone_runs(tiny_scope):
    with pytest.raises(ScopeError, match="no layer 9; its layers are 0 to 3"):
        document_features(tiny_scope, ["x"], [9])


def test_no_layer_is_a_usage_error(tiny_scope):
    with pytest.raises(UsageError, match="expected at least one layer"):
        document_features(tiny_scope, ["x"], [])
