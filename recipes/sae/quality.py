"""Fidelity of an SAE on held-out residuals."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scopesift_features.sae.autoencoder import SparseAutoencoder
from torch import Tensor

ENCODED_AT_ONCE = 8192


@dataclass(frozen=True)
class SaeQuality:
    """Fidelity on held-out text, without skipped and extreme tokens.

    Attributes:
        fvu: Fraction of variance unexplained.
        dead: Share of features that no token fires.
        active: Mean number of positive activations per token.
        tokens: Number of tokens measured.
    """

    fvu: float
    dead: float
    active: float
    tokens: int


def measure_sae(sae: SparseAutoencoder, residual_TD: Tensor) -> SaeQuality:
    """Measure an SAE with its decoder, on the device of its weights.

    Args:
        sae: Any SAE of the width.
        residual_TD: At least two tokens' residuals, any floating-point dtype and device.
    """
    device = sae.W_enc_FD.device
    mean_D = residual_TD.float().mean(0).to(device)
    fired_F = torch.zeros(sae.d_sae, dtype=torch.bool, device=device)
    error = spread = torch.zeros((), dtype=torch.float64, device=device)
    active = 0
    for x_TD in residual_TD.split(ENCODED_AT_ONCE):
        x_TD = x_TD.float().to(device)
        found = sae.active(x_TD)
        fired_F[found.indices_E] = True
        active += found.indices_E.numel()
        error = error + (x_TD - sae.decode(found)).double().square().sum()
        spread = spread + (x_TD - mean_D).double().square().sum()
    tokens = len(residual_TD)
    return SaeQuality(
        fvu=float(error / spread),
        dead=1 - float(fired_F.float().mean()),
        active=active / tokens,
        tokens=tokens,
    )
