"""One layer's training: what it learns, what it does for dead features, what is stored."""

import pytest
import torch
import torch.nn.functional as F

from recipes.sae.quality import measure_sae
from recipes.sae.training import LayerTraining, TrainingSettings, rate_factor

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def residuals():
    """Sums of a few of 24 directions, far from the origin."""
    generator = torch.Generator().manual_seed(0)
    directions = F.normalize(torch.randn(24, 16, generator=generator), dim=1)
    weights = torch.rand(8000, 24, generator=generator) * (torch.rand(8000, 24, generator=generator) < 0.1)
    return weights @ directions * 10 + 30.0


def train(residuals, steps, batch=500, prepare=None, **settings):
    training = LayerTraining.started(
        residuals, 2, TrainingSettings(**{"k": 4, "d_sae": 64, "batch": batch, **settings}), CPU
    )
    if prepare is not None:
        prepare(training)
    for step in range(steps):
        begin = step * batch % (len(residuals) - batch)
        training.step(residuals[begin : begin + batch], step / steps)
    return training


def test_an_sae_learns_to_reconstruct_with_at_most_k_features(residuals):
    sae = train(residuals, 300).folded(torch.float32)
    quality = measure_sae(sae, residuals[:2000])
    assert (sae.layer, sae.k, tuple(sae.W_enc_FD.shape)) == (2, 4, (64, 16))
    assert quality.fvu < 0.3
    assert 0 < quality.active <= 4
    assert quality.fvu == pytest.approx(sae.fvu(residuals[:2000]), rel=1e-4)


def test_directions_have_length_one(residuals):
    sae = train(residuals, 20).folded(torch.float32)
    torch.testing.assert_close(sae.W_dec_DF.norm(dim=0), torch.ones(64))


def test_the_folded_sae_needs_no_mean_and_no_scale(residuals):
    training = train(residuals, 50)
    sae = training.folded(torch.float32)
    x = (residuals[:100] - training.mean_D) / training.scale
    pre = F.linear(x, training.weights.encoder_FD, training.weights.encoder_bias_F) * training.scale
    torch.testing.assert_close(
        F.linear(residuals[:100], sae.W_enc_FD, sae.b_enc_F), pre, atol=1e-3, rtol=1e-3
    )


def test_rounding_the_encoder_does_not_shift_activations_far_from_the_origin(residuals):
    far = residuals + 1000
    training = train(far, 200)
    exact, rounded = (training.folded(dtype) for dtype in (torch.float32, torch.bfloat16))
    error = rounded.W_enc_FD.float() @ training.mean_D + rounded.b_enc_F
    torch.testing.assert_close(error, exact.W_enc_FD @ training.mean_D + exact.b_enc_F, atol=1e-2, rtol=1e-2)


def mute_half(training):
    training.weights.encoder_bias_F[::2] = -2.0


def test_dead_features_come_back_through_the_auxiliary_loss(residuals):
    options = {"steps": 200, "dead_after": 3000, "prepare": mute_half}
    without = train(residuals, **options, auxiliary_weight=0.0)
    helped = train(residuals, **options)
    assert without.dead > 0.1
    assert helped.dead < without.dead / 2


def test_a_training_goes_on_from_its_state(residuals):
    whole = train(residuals, 40)
    half = LayerTraining.started(residuals, 2, whole.settings, CPU)
    for step in range(40):
        if step == 20:
            half = LayerTraining.restored(half.state(), 2, whole.settings, CPU)
        begin = step * 500 % (len(residuals) - 500)
        half.step(residuals[begin : begin + 500], step / 40)
    assert torch.equal(half.weights.encoder_FD, whole.weights.encoder_FD)
    assert torch.equal(half.silent_F, whole.silent_F)


@pytest.mark.parametrize(("share", "low", "high"), [(0, 0.01, 0.1), (0.4, 1, 1), (0.85, 0.4, 0.6), (1, 0, 0)])
def test_the_rate_rises_stays_and_falls(share, low, high):
    assert low <= rate_factor(share) <= high
