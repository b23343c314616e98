"""A TopK encoder in int8 for torch: what `reading.onnx` reads with integers, but for rounding of float32 sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from scopesift_features.int8.linear_layer import LARGEST, ZERO, Scales
from scopesift_features.sae.encoder_arrays import EncoderArrays, int8_encoder_arrays
from scopesift_features.sae.topk import TopKSAE


@dataclass(frozen=True, eq=False)
class Int8TopKSAE(TopKSAE):
    """Weights and residuals have the values that bytes stand for, in float32.

    Sums in float32 differ from those of integers in their last bits, so nearly equal features may swap.

    Attributes:
        centre_D, scale_D: of the residual's channels, float32.
    """

    centre_D: Tensor
    scale_D: Tensor

    @classmethod
    def of(cls, sae: TopKSAE, scales: Scales) -> Int8TopKSAE:
        """An SAE in int8, with measured scales of its residual; its decoder stays as it is."""
        encoder = EncoderArrays(sae.W_enc_FD.float().numpy(), sae.b_enc_F.float().numpy())
        arrays = int8_encoder_arrays(encoder, scales, signed=True)
        scaled_DF = arrays["encoder.weight"] * arrays["encoder.weight_scale"]
        weight_FD = torch.from_numpy((scaled_DF / scales.scale[:, None]).T.copy())
        centre_D, scale_D = torch.from_numpy(scales.centre), torch.from_numpy(scales.scale)
        # the arrays' bias holds the product of the centres, which here the residual holds
        bias_F = torch.from_numpy(arrays["encoder.bias"]) - weight_FD @ centre_D
        return cls(weight_FD, bias_F, sae.W_dec_DF, sae.b_dec_D, sae.layer, sae.k, centre_D, scale_D)

    def rounded(self, x_TD: Tensor) -> Tensor:
        """Round the residual to the values that bytes stand for, clipped to their range; float32."""
        steps_TD = x_TD.float() * (1 / self.scale_D) + -self.centre_D / self.scale_D
        return steps_TD.round().clamp(-ZERO, LARGEST - ZERO) * self.scale_D + self.centre_D

    def membership(self) -> dict[str, Any]:
        """See `SparseAutoencoder.membership`."""
        return {**super().membership(), "centre_D": self.centre_D, "scale_D": self.scale_D}
