"""One layer's SAE in training: weights, optimizer, dead features, and the folding at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from scopesift_features.sae import TopKSAE
from torch import Tensor

from recipes.sae.sparse_gradients import Weights, gradients

WARM_UP, DECAY_FROM = 0.03, 0.7


@dataclass(frozen=True)
class TrainingSettings:
    """How an SAE is trained.

    Attributes:
        k: Active features a token.
        d_sae: Number of features.
        batch: Tokens a step.
        rate: Peak learning rate of Adam.
        dead_after: A feature is dead when it fired on none of so many tokens.
        auxiliary_weight: Weight of the dead features' loss (Gao et al. 2024, appendix A.2).
        seed: Of the weights and of the order of the tokens.
    """

    k: int
    d_sae: int
    batch: int = 4096
    rate: float = 1e-3
    dead_after: int = 200_000
    auxiliary_weight: float = 1 / 16
    seed: int = 0


def rate_factor(share: float) -> float:
    """Learning-rate factor at a share of the training: warm-up, plateau, linear fall to zero."""
    return min(1.0, share / WARM_UP + 0.05, max(0.0, 1 - share) / (1 - DECAY_FROM))


class LayerTraining:
    """The SAE of one layer while it is trained.

    Inputs are centred on the mean residual and scaled to a mean square of 1 a dimension: the mean is the part
    of a residual that tells tokens apart least and would take up most of the encoder's gradient.

    Args:
        sample_TD: fp32 residuals, to take mean and scale from.
        layer: The block that they were read after.
        settings: Sizes and rates.
        device: Where to train.
    """

    def __init__(
        self, sample_TD: Tensor, layer: int, settings: TrainingSettings, device: torch.device
    ) -> None:
        self.layer, self.settings, self.device = layer, settings, device
        self.mean_D = sample_TD.mean(0).to(device)
        d_model = sample_TD.shape[1]
        self.scale = float((sample_TD - sample_TD.mean(0)).norm(dim=1).mean() / d_model**0.5)
        generator = torch.Generator().manual_seed(settings.seed * 1000 + layer)
        directions = F.normalize(torch.randn(settings.d_sae, d_model, generator=generator), dim=1)
        self.encoder_FD = directions.to(device)
        self.decoder_FD = directions.to(device, copy=True)
        self.encoder_bias_F = torch.zeros(settings.d_sae, device=device)
        self.decoder_bias_D = torch.zeros(d_model, device=device)
        self.silent_F = torch.zeros(settings.d_sae, dtype=torch.int64, device=device)
        parameters = [self.encoder_FD, self.decoder_FD, self.encoder_bias_F, self.decoder_bias_D]
        self.optimizer = torch.optim.Adam(parameters, lr=settings.rate, betas=(0.9, 0.99), fused=True)
        self.loss = 1.0

    @property
    def dead(self) -> float:
        """Share of features that fired on none of the last `dead_after` tokens."""
        return float((self.silent_F > self.settings.dead_after).float().mean())

    @torch.no_grad()
    def step(self, x_TD: Tensor, share: float) -> None:
        """Learn from one batch of residuals `[T, D]` at a share of the training, 0 to 1."""
        x_TD = (x_TD.to(self.device) - self.mean_D) / self.scale
        weights = Weights(self.encoder_FD, self.encoder_bias_F, self.decoder_FD)
        spread = (x_TD - x_TD.mean(0)).square().sum()
        found = gradients(x_TD, x_TD - self.decoder_bias_D, weights, self.settings.k, spread)
        self.loss = float(found.error_TD.square().sum() / spread)
        self._add_dead(x_TD, found.error_TD, weights, found)
        self.encoder_FD.grad, self.decoder_FD.grad = found.encoder_FD, found.decoder_FD
        self.encoder_bias_F.grad, self.decoder_bias_D.grad = found.encoder_bias_F, found.decoder_bias_D
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.rate * rate_factor(share)
        self.optimizer.step()
        self.decoder_FD.div_(self.decoder_FD.norm(dim=1, keepdim=True))
        self.silent_F += len(x_TD)
        self.silent_F[found.indices_TK[found.fired_TK]] = 0

    def _add_dead(self, x_TD: Tensor, error_TD: Tensor, weights: Weights, found: Any) -> None:
        """Let the dead features learn what the others leave unexplained, on a quarter of the tokens."""
        dead = (self.silent_F > self.settings.dead_after).nonzero().squeeze(1)
        if len(dead) == 0:
            return
        few = slice(None, None, 4)
        target_TD = error_TD[few]
        k = min(x_TD.shape[1] // 2, len(dead))
        normaliser = target_TD.square().sum() / self.settings.auxiliary_weight
        revived = gradients(x_TD[few], target_TD, weights.of(dead), k, normaliser)
        found.encoder_FD.index_add_(0, dead, revived.encoder_FD)
        found.decoder_FD.index_add_(0, dead, revived.decoder_FD)
        found.encoder_bias_F.index_add_(0, dead, revived.encoder_bias_F)

    def folded(self, storage_dtype: torch.dtype) -> TopKSAE:
        """The SAE as it is stored: mean and scale are in its weights, so that encoding needs neither.

        Args:
            storage_dtype: Of the two matrices; the encoder's bias is made for the rounded encoder, and biases
                stay fp32, since the product with the mean residual is large beside an activation.
        """
        encoder_FD = self.encoder_FD.to(storage_dtype)
        return TopKSAE(
            W_enc_FD=encoder_FD.cpu(),
            b_enc_F=(self.encoder_bias_F * self.scale - encoder_FD.float() @ self.mean_D).cpu(),
            W_dec_DF=self.decoder_FD.T.to(storage_dtype).cpu().contiguous(),
            b_dec_D=(self.decoder_bias_D * self.scale + self.mean_D).cpu(),
            k=self.settings.k,
            layer=self.layer,
        )

    def state(self) -> dict[str, Any]:
        """What has to be saved to go on later."""
        return {
            "mean": self.mean_D,
            "scale": self.scale,
            "encoder": self.encoder_FD,
            "decoder": self.decoder_FD,
            "encoder_bias": self.encoder_bias_F,
            "decoder_bias": self.decoder_bias_D,
            "silent": self.silent_F,
            "optimizer": self.optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` gave."""
        self.scale = float(state["scale"])
        for name, tensor in (
            ("mean", self.mean_D),
            ("encoder", self.encoder_FD),
            ("decoder", self.decoder_FD),
            ("encoder_bias", self.encoder_bias_F),
            ("decoder_bias", self.decoder_bias_D),
            ("silent", self.silent_F),
        ):
            tensor.copy_(state[name])
        self.optimizer.load_state_dict(state["optimizer"])
