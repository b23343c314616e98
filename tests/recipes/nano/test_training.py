import numpy as np
import pytest
import torch
import torch.nn.functional as F

from recipes.nano.language_model import model_rate_factor, nano_config
from recipes.nano.objective import sampled_cross_entropy, translation_ranking


def test_sampled_loss_with_every_candidate_is_the_exact_loss():
    torch.manual_seed(0)
    hidden, embedding = torch.randn(12, 8), torch.randn(50, 8)
    targets = torch.randint(0, 50, (12,))
    exact = F.cross_entropy(hidden @ embedding.T, targets)
    torch.testing.assert_close(sampled_cross_entropy(hidden, targets, embedding, 50), exact)


def test_sampled_loss_is_near_the_exact_one_on_average():
    torch.manual_seed(0)
    hidden, embedding = torch.randn(64, 8) * 0.5, torch.randn(400, 8) * 0.5
    targets = torch.randint(0, 400, (64,))
    exact = float(F.cross_entropy(hidden @ embedding.T, targets))
    sampled = np.mean([float(sampled_cross_entropy(hidden, targets, embedding, 60)) for _ in range(50)])
    assert sampled == pytest.approx(exact, abs=0.03)


def test_ranking_prefers_twins_that_stand_together():
    torch.manual_seed(0)
    left = torch.randn(6, 4, 16)
    keep = torch.ones(12, 4, dtype=torch.bool)
    together = translation_ranking(torch.cat([left, left]), keep)
    apart = translation_ranking(torch.cat([left, left.roll(1, 0)]), keep)
    assert together < 0.1 < apart


def test_ranking_ignores_what_is_not_kept():
    torch.manual_seed(0)
    states = torch.randn(4, 5, 8)
    keep = torch.ones(4, 5, dtype=torch.bool)
    keep[:, 3:] = False
    loud = states.clone()
    loud[:, 3:] = 100.0
    torch.testing.assert_close(translation_ranking(states, keep), translation_ranking(loud, keep))


@pytest.mark.parametrize(
    ("progress", "low", "high"), [(0.0, 0.0, 0.1), (0.3, 1.0, 1.0), (0.75, 0.4, 0.6), (1.0, 0.0, 0.0)]
)
def test_the_rate_rises_stays_and_falls(progress, low, high):
    assert low <= model_rate_factor(progress, 0.5) <= high


def test_nano_fits_the_size_that_the_repository_allows():
    config = nano_config()
    d, ff, kv = config.hidden_size, config.intermediate_size, config.num_key_value_heads * config.head_dim
    block = d * (2 * config.num_attention_heads * config.head_dim + 2 * kv) + 3 * d * ff
    weights = config.vocab_size * d + config.num_hidden_layers * block
    saes = config.num_hidden_layers * 2 * 16 * d * d
    assert 2 * (weights + saes) < 26 * 2**20
