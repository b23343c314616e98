"""Sparse autoencoders whose features are active above a threshold: JumpReLU, BatchTopK and ReLU."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from scopesift_kernels import ActiveFeatures, SelectedMaxima, encode_jumprelu, encode_selected_jumprelu
from torch import Tensor

from scopesift_features.sae.autoencoder import SparseAutoencoder


@dataclass(frozen=True, eq=False)
class ThresholdSAE(SparseAutoencoder):
    """`acts = pre * (pre > threshold)`: a feature's activation depends on no other feature."""

    @property
    @abstractmethod
    def threshold_F(self) -> Tensor:
        """Threshold of each feature, `[d_sae]`, >= 0."""

    def active(self, x_TD: Tensor) -> ActiveFeatures:
        """See `SparseAutoencoder.active`."""
        return encode_jumprelu(self.rounded(x_TD), self.W_enc_FD, self.b_enc_F, self.threshold_F)

    def encode_selected(
        self, x_TD: Tensor, indices_S: Tensor, floors_S: Tensor, document_T: Tensor, n_documents: int
    ) -> SelectedMaxima:
        """See `SparseAutoencoder.encode_selected`."""
        return encode_selected_jumprelu(
            self.rounded(x_TD),
            self.W_enc_FD,
            self.b_enc_F,
            self.threshold_F,
            indices_S,
            document_T.to(x_TD.device),
            floors_S,
            n_documents=n_documents,
        )


@dataclass(frozen=True, eq=False)
class JumpReLUSAE(ThresholdSAE):
    """A threshold for each feature, as in Gemma Scope (arXiv 2408.05147).

    Attributes:
        threshold: `[d_sae]`.
    """

    model_type: ClassVar[str] = "jumprelu_sae"
    threshold: Tensor

    @property
    def threshold_F(self) -> Tensor:
        """See `ThresholdSAE`."""
        return self.threshold

    def membership(self) -> dict[str, Any]:
        """See `SparseAutoencoder.membership`."""
        return {"threshold": self.threshold}


@dataclass(frozen=True, eq=False)
class BatchTopKSAE(ThresholdSAE):
    """One threshold for all features: trained with the k largest of a whole batch (arXiv 2412.06410).

    Attributes:
        threshold: `[1]`, estimated in training.
    """

    model_type: ClassVar[str] = "batchtopk_sae"
    threshold: Tensor

    @cached_property
    def threshold_F(self) -> Tensor:
        """See `ThresholdSAE`."""
        return self.threshold.expand(self.d_sae).contiguous()

    def membership(self) -> dict[str, Any]:
        """See `SparseAutoencoder.membership`."""
        return {"threshold": self.threshold}


@dataclass(frozen=True, eq=False)
class ReLUSAE(ThresholdSAE):
    """`acts = relu(pre)`, the oldest kind."""

    model_type: ClassVar[str] = "relu_sae"

    @cached_property
    def threshold_F(self) -> Tensor:
        """See `ThresholdSAE`: zeros."""
        return torch.zeros(self.d_sae, device=self.W_enc_FD.device)

    def membership(self) -> dict[str, Any]:
        """See `SparseAutoencoder.membership`."""
        return {}
