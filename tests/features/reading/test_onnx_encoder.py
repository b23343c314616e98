"""The encode by ONNX Runtime is the exact top-k, in slabs, in threads and with ties."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from scopesift_features.reading.onnx.active_pairs import among_largest
from scopesift_features.reading.onnx.encoder import OnnxEncoder, encode
from scopesift_features.sae.encoder_arrays import read_encoder
from scopesift_features.scope import Scope

K = 40


@pytest.fixture(scope="module")
def scope():
    return Scope.load("e5", device="cpu")


@pytest.fixture(scope="module")
def encoders(scope):
    return {layer: OnnxEncoder(scope, layer) for layer in scope.layers}


def _residuals(scope, tokens):
    """Whole numbers, so that sums are exact in any order with the small encoders of `_whole`."""
    rng = np.random.default_rng(tokens)
    shape = (tokens, scope.d_model)
    return {layer: rng.integers(-3, 4, shape).astype(np.float32) for layer in scope.layers}


@pytest.fixture(scope="module")
def whole(scope):
    """Encoders of whole numbers, with which pre-activations are exact and often equal."""
    found, weights = {}, {}
    for layer in scope.layers:
        rng = np.random.default_rng(layer)
        weights[layer] = rng.integers(-1, 2, (scope.d_model + 1, scope.d_sae)).astype(np.float32)
        found[layer] = OnnxEncoder(scope, layer)
        found[layer]._session = _Product(weights[layer])
    return found, weights


class _Product:
    def __init__(self, encoder_DF):
        self.encoder_DF = encoder_DF

    def run(self, names, feeds):
        pre_RF = feeds["residual"] @ self.encoder_DF
        return pre_RF, pre_RF.reshape(len(pre_RF), -1, 16).max(axis=2, initial=-np.inf)


def _expected(pre_TF):
    order_TK = np.argsort(-pre_TF, axis=1, kind="stable")[:, :K]
    return [
        (token, int(index), float(pre_TF[token, index]))
        for token, row in enumerate(order_TK)
        for index in np.sort(row)
        if pre_TF[token, index] > 0
    ]


@pytest.mark.parametrize("tokens", [0, 1, 2, 128, 129, 257])
@pytest.mark.parametrize("threads", [1, 3])
def test_slabs_and_threads_give_the_top_k_of_every_token(scope, whole, tokens, threads):
    encoders, weights = whole
    residuals = _residuals(scope, tokens)
    with ThreadPoolExecutor(threads) as pool:
        found = encode(encoders, residuals, pool if threads > 1 else None, threads)
    for layer, x_TD in residuals.items():
        own = found[layer]
        pairs = list(zip(own.tokens_E.tolist(), own.indices_E.tolist(), own.acts_E.tolist(), strict=True))
        assert pairs == _expected(np.c_[x_TD, np.ones(tokens)] @ weights[layer])


def test_the_pre_activations_are_those_of_the_encoder(scope, encoders):
    x_TD = np.random.default_rng(0).normal(size=(20, scope.d_model)).astype(np.float32)
    for layer, own in encode(encoders, dict.fromkeys(encoders, x_TD)).items():
        W_FD, b_F = read_encoder(scope.sae_file(layer), scope.config, "bfloat16")
        rounded_TD = encoders[layer]._as_read(x_TD)[:, :-1]
        expected_E = (rounded_TD.astype(np.float64) @ W_FD.T + b_F)[own.tokens_E, own.indices_E]
        np.testing.assert_allclose(own.acts_E, expected_E, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_the_largest_of_tokens_with_unequal_numbers_of_pairs_are_kept(seed):
    rng = np.random.default_rng(seed)
    count_R = rng.integers(0, 12, 50)
    token_E = np.repeat(np.arange(50), count_R)
    act_E = rng.integers(1, 6, len(token_E)).astype(np.float32)
    order_E = np.lexsort((-act_E, token_E))  # stable: of equal ones the first stay first
    rank_E = np.empty_like(order_E)
    rank_E[order_E] = np.arange(len(order_E)) - np.repeat(np.cumsum(count_R) - count_R, count_R)
    np.testing.assert_array_equal(among_largest(token_E, act_E, 50, 4), rank_E < 4)


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [0.0, -1.0, 3.0], [5.0, 0.5, 5.0, 0.5, 0.5]])
def test_equal_activations_go_to_the_lowest_indices(scope, values):
    encoder = OnnxEncoder(scope, 4)
    pre_F = np.resize(np.array(values, np.float32), scope.d_sae)
    pre_F[::97] = 4.0
    encoder._session = _Given(pre_F)
    found = encoder.active(np.ones((3, scope.d_model), np.float32), 7)
    best = np.sort(np.argsort(-pre_F, kind="stable")[:K])
    assert found.tokens_E.tolist() == np.repeat(range(7, 10), K).tolist()
    assert found.indices_E.tolist() == 3 * best.tolist()
    assert found.acts_E.tolist() == 3 * pre_F[best].tolist()


def test_features_that_are_not_positive_are_not_active(scope):
    encoder = OnnxEncoder(scope, 4)
    pre_F = np.full(scope.d_sae, -1, np.float32)
    pre_F[[5, 70, 6000]] = 0.25, 0, 2
    encoder._session = _Given(pre_F)
    found = encoder.active(np.ones((2, scope.d_model), np.float32))
    assert found.indices_E.tolist() == [5, 6000, 5, 6000]


class _Given:
    """A session for which every token has the given pre-activations."""

    def __init__(self, pre_F):
        self.pre_F = pre_F

    def run(self, names, feeds):
        pre_RF = np.tile(self.pre_F, (len(feeds["residual"]), 1))
        return pre_RF, pre_RF.reshape(len(pre_RF), -1, 16).max(axis=2)


def test_a_residual_that_is_not_finite_is_refused(scope, encoders):
    x_TD = np.zeros((2, scope.d_model), np.float32)
    x_TD[1, 3] = np.nan
    with pytest.raises(ValueError, match="finite residuals"):
        encode(encoders, {4: x_TD})


def test_an_error_in_one_slab_is_the_callers_and_the_next_call_works(scope, whole):
    encoders, _ = whole
    residuals = _residuals(scope, 257)
    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(ValueError, match="mismatch"):
            encode(encoders, {**residuals, 8: residuals[8][:, 1:]}, pool, 2)
        assert encode(encoders, residuals, pool, 2).keys() == {4, 8}
