"""Gradients of a TopK SAE by dense products, for GPUs, where five of them cost less than gathering by index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from recipes.sae.sparse_gradients import Gradients, SaeWeights, largest_of


@torch.no_grad()
def dense_gradients(
    x_TD: Tensor, target_TD: Tensor, weights: SaeWeights, k: int, normaliser: Tensor
) -> Gradients:
    """As `sparse_gradients.gradients`, with three `[T, F]` tensors in memory at a time.

    Products are rounded to TensorFloat-32: the relative error of 1e-3 is small compared with the sampling noise of a
    batch.
    """
    with _tensor_float32():
        pre_TF = torch.addmm(weights.encoder_bias_F, x_TD, weights.encoder_FD.T)
        indices_TK = largest_of(pre_TF, k)
        values_TK = pre_TF.gather(1, indices_TK)
        fired_TK = values_TK > 0
        acts_TF = pre_TF.zero_().scatter_(1, indices_TK, values_TK.relu_())
        error_TD = torch.addmm(target_TD, acts_TF, weights.decoder_FD, alpha=-1)
        slope_TD = error_TD * (-2 / normaliser)
        slope_TF = slope_TD @ weights.decoder_FD.T
        slope_TF.mul_(acts_TF > 0)
        return Gradients(
            encoder_FD=slope_TF.T @ x_TD,
            encoder_bias_F=slope_TF.sum(0),
            decoder_FD=acts_TF.T @ slope_TD,
            decoder_bias_D=slope_TD.sum(0),
            error_TD=error_TD,
            indices_TK=indices_TK,
            fired_TK=fired_TK,
        )


@contextmanager
def _tensor_float32() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
