"""The gradients at active entries are those of the dense formula."""

import pytest
import torch
import torch.nn.functional as F

from recipes.sae import sparse_gradients
from recipes.sae.dense_gradients import dense_gradients
from recipes.sae.sparse_gradients import SaeWeights, gradients, largest

T, D, K = 40, 12, 5


@pytest.fixture(autouse=True)
def exact_products(monkeypatch):
    monkeypatch.setattr(sparse_gradients, "multiplies_bfloat16", lambda: False)


def random_weights(n_features):
    generator = torch.Generator().manual_seed(n_features)
    encoder, decoder = (torch.randn(n_features, D, generator=generator) for _ in range(2))
    return SaeWeights(encoder, torch.randn(n_features, generator=generator), decoder)


@pytest.mark.parametrize("by", [gradients, dense_gradients])
@pytest.mark.parametrize("n_features", [7, 64, 224])  # 224: the choice goes by groups
def test_gradients_are_those_of_automatic_differentiation(n_features, by):
    weights = random_weights(n_features)
    x, target = torch.randn(2, T, D, generator=torch.Generator().manual_seed(1)).unbind()
    normaliser = torch.tensor(3.0)
    encoder, bias, decoder = (
        tensor.clone().requires_grad_()
        for tensor in (weights.encoder_FD, weights.encoder_bias_F, weights.decoder_FD)
    )
    shift = torch.zeros(D, requires_grad=True)
    values, indices = F.linear(x, encoder, bias).topk(K, dim=1)
    acts = torch.zeros(T, n_features).scatter(1, indices, values.relu())
    loss = (target - acts @ decoder - shift).square().sum() / normaliser
    loss.backward()

    found = by(x, target, weights, K, normaliser)
    torch.testing.assert_close(found.error_TD.square().sum() / normaliser, loss.detach())
    torch.testing.assert_close(found.encoder_FD, encoder.grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found.encoder_bias_F, bias.grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found.decoder_FD, decoder.grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found.decoder_bias_D, shift.grad, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("n_features", [K, 100, 176, 1024])
@pytest.mark.parametrize("bias", [0.0, -100.0])
def test_the_largest_are_found_whatever_the_number_of_features(n_features, bias):
    weights = random_weights(n_features)
    weights.encoder_bias_F.add_(bias)
    x = torch.randn(T, D, generator=torch.Generator().manual_seed(2))
    expected = F.linear(x, weights.encoder_FD, weights.encoder_bias_F).topk(K, dim=1).indices
    assert torch.equal(largest(x, weights, K).sort(1).values, expected.sort(1).values)


def test_choosing_by_bfloat16_products_takes_nearly_the_same_features(monkeypatch):
    weights, x = random_weights(1024), torch.randn(T, D, generator=torch.Generator().manual_seed(2))
    exact = largest(x, weights, K)
    monkeypatch.setattr(sparse_gradients, "multiplies_bfloat16", lambda: True)
    rounded = largest(x, weights, K)
    same = (exact.unsqueeze(2) == rounded.unsqueeze(1)).any(2).float().mean()
    assert same > 0.95
