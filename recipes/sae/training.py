"""One layer's SAE in training: weights, optimizer, dead features, and folding of the normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from scopesift_features.sae.topk import TopKSAE
from torch import Tensor

from recipes.sae.dense_gradients import dense_gradients
from recipes.sae.sparse_gradients import Gradients, SaeWeights, gradients

WARM_UP, DECAY_FROM = 0.03, 0.7
BETAS = (0.9, 0.99)
AUXILIARY_EVERY = 4
PARAMETERS = ("encoder", "encoder_bias", "decoder", "decoder_bias")


@dataclass(frozen=True)
class TrainingSettings:
    """Hyperparameters of an SAE's training.

    Attributes:
        k: Active features per token.
        d_sae: Number of features.
        batch: Tokens per step.
        rate: Peak learning rate of Adam.
        dead_after: A feature is dead if it fired on none of the last so many tokens.
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
    """Learning-rate factor at a share of the training: warm-up, plateau, linear decay to zero."""
    return min(1.0, share / WARM_UP + 0.05, max(0.0, 1 - share) / (1 - DECAY_FROM))


class LayerTraining:
    """The SAE of one layer while it is trained.

    Inputs are centred on the mean residual and scaled to a mean square of 1 per dimension; otherwise the mean would
    dominate the encoder's gradient.

    Attributes:
        layer: The block that the residuals are read after.
        loss: Fraction of variance unexplained of the last batch.
    """

    def __init__(
        self, tensors: Mapping[str, Tensor], layer: int, settings: TrainingSettings, device: torch.device
    ) -> None:
        self.layer, self.settings, self.loss = layer, settings, 1.0
        self._tensors = {name: tensor.to(device) for name, tensor in tensors.items()}
        self.mean_D, self.scale = self._tensors["mean"], float(tensors["scale"])
        self.silent_F = self._tensors["silent"]
        self.decoder_bias_D = self._tensors["decoder_bias"]
        self.weights = SaeWeights(
            self._tensors["encoder"], self._tensors["encoder_bias"], self._tensors["decoder"]
        )
        self._gradients = gradients if device.type == "cpu" else dense_gradients
        parameters = [self._tensors[name] for name in PARAMETERS]
        self.optimizer = torch.optim.Adam(parameters, lr=settings.rate, betas=BETAS, fused=True)

    @classmethod
    def started(
        cls, sample_TD: Tensor, layer: int, settings: TrainingSettings, device: torch.device
    ) -> LayerTraining:
        """A new SAE with random directions and encoder = decoder transposed (Gao et al. 2024, appendix A.1).

        Args:
            sample_TD: fp32 residuals, for mean and scale.
            layer: The block that they were read after.
            settings: Sizes and rates.
            device: Where to train.
        """
        d_model = sample_TD.shape[1]
        mean_D = sample_TD.mean(0)
        generator = torch.Generator().manual_seed(settings.seed * 1000 + layer)
        directions = F.normalize(torch.randn(settings.d_sae, d_model, generator=generator), dim=1)
        tensors = {
            "mean": mean_D,
            "scale": (sample_TD - mean_D).square().mean().sqrt(),
            "encoder": directions,
            "encoder_bias": torch.zeros(settings.d_sae),
            "decoder": directions.clone(),
            "decoder_bias": torch.zeros(d_model),
            "silent": torch.zeros(settings.d_sae, dtype=torch.int64),
        }
        return cls(tensors, layer, settings, device)

    @classmethod
    def restored(
        cls, state: Mapping[str, Any], layer: int, settings: TrainingSettings, device: torch.device
    ) -> LayerTraining:
        """Restore from a `state`."""
        training = cls(state["tensors"], layer, settings, device)
        training.optimizer.load_state_dict(state["optimizer"])
        return training

    def state(self) -> dict[str, Any]:
        """The state to save for resuming."""
        return {"tensors": self._tensors, "optimizer": self.optimizer.state_dict()}

    @property
    def dead(self) -> float:
        """Share of features that fired on none of the last `dead_after` tokens."""
        return float((self.silent_F > self.settings.dead_after).float().mean())

    @torch.no_grad()
    def step(self, x_TD: Tensor, share: float) -> None:
        """One training step.

        Args:
            x_TD: Residuals in the backbone's units.
            share: Share of the training done, 0 to 1.
        """
        x_TD = (x_TD.to(self.mean_D.device) - self.mean_D) / self.scale
        spread = (x_TD - x_TD.mean(0)).square().sum()
        found = self._gradients(x_TD, x_TD - self.decoder_bias_D, self.weights, self.settings.k, spread)
        self.loss = float(found.error_TD.square().sum() / spread)
        self._add_dead(x_TD, found)
        self._tensors["encoder"].grad = found.encoder_FD
        self._tensors["encoder_bias"].grad = found.encoder_bias_F
        self._tensors["decoder"].grad = found.decoder_FD
        self._tensors["decoder_bias"].grad = found.decoder_bias_D
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.rate * rate_factor(share)
        self.optimizer.step()
        # decoder directions have norm 1, so that activations of features are comparable
        decoder_FD = self.weights.decoder_FD
        decoder_FD.div_(decoder_FD.norm(dim=1, keepdim=True))
        self.silent_F += len(x_TD)
        self.silent_F[found.indices_TK[found.fired_TK]] = 0

    def _add_dead(self, x_TD: Tensor, found: Gradients) -> None:
        """Add the auxiliary loss: dead features reconstruct the residual error, on a part of the batch."""
        dead = (self.silent_F > self.settings.dead_after).nonzero().squeeze(1)
        if len(dead) == 0:
            return
        x_TD, target_TD = x_TD[::AUXILIARY_EVERY], found.error_TD[::AUXILIARY_EVERY]
        k = min(x_TD.shape[1] // 2, len(dead))
        normaliser = target_TD.square().sum() / self.settings.auxiliary_weight
        revived = self._gradients(x_TD, target_TD, self.weights.of(dead), k, normaliser)
        found.encoder_FD.index_add_(0, dead, revived.encoder_FD)
        found.encoder_bias_F.index_add_(0, dead, revived.encoder_bias_F)
        found.decoder_FD.index_add_(0, dead, revived.decoder_FD)

    def folded(self, storage_dtype: torch.dtype) -> TopKSAE:
        """The SAE to store, with mean and scale folded into its weights.

        Args:
            storage_dtype: Of the two matrices. Biases stay fp32; the encoder bias is computed for the rounded encoder,
                whose product with the mean residual is large compared with activations.
        """
        encoder_FD = self.weights.encoder_FD.to(storage_dtype)
        return TopKSAE(
            W_enc_FD=encoder_FD.cpu(),
            b_enc_F=(self.weights.encoder_bias_F * self.scale - encoder_FD.float() @ self.mean_D).cpu(),
            W_dec_DF=self.weights.decoder_FD.T.to(storage_dtype).cpu().contiguous(),
            b_dec_D=(self.decoder_bias_D * self.scale + self.mean_D).cpu(),
            k=self.settings.k,
            layer=self.layer,
        )
