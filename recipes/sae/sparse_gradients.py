"""Gradients of a TopK SAE's loss at the active entries only, which is fastest on a CPU.

Of the five products `[T, D] x [D, F]` of automatic differentiation only the pre-activations are left.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

SELECT_TOKENS = 512
GROUP = 16


@dataclass(frozen=True)
class SaeWeights:
    """One SAE's weights, or those of some of its features.

    Attributes:
        encoder_FD, encoder_bias_F: `[F, D]`, `[F]`.
        decoder_FD: `[F, D]`, feature directions in rows.
    """

    encoder_FD: Tensor
    encoder_bias_F: Tensor
    decoder_FD: Tensor

    def of(self, features: Tensor) -> SaeWeights:
        """The weights of some features."""
        return SaeWeights(self.encoder_FD[features], self.encoder_bias_F[features], self.decoder_FD[features])


@dataclass(frozen=True)
class Gradients:
    """Gradients of a batch.

    Attributes:
        encoder_FD, encoder_bias_F, decoder_FD, decoder_bias_D: Gradients of `squared error / normaliser`.
        error_TD: Target minus reconstruction.
        indices_TK: The top-k features.
        fired_TK: Which of them are positive.
    """

    encoder_FD: Tensor
    encoder_bias_F: Tensor
    decoder_FD: Tensor
    decoder_bias_D: Tensor
    error_TD: Tensor
    indices_TK: Tensor
    fired_TK: Tensor


@torch.no_grad()
def gradients(x_TD: Tensor, target_TD: Tensor, weights: SaeWeights, k: int, normaliser: Tensor) -> Gradients:
    """Gradients of `sum (target - relu(topk(x @ encoder.T + bias)) @ decoder)^2 / normaliser`.

    Args:
        x_TD: Input, fp32.
        target_TD: Target minus decoder bias, fp32.
        weights: Of all features, or of a subset.
        k: Features per token.
        normaliser: A scalar.
    """
    n_features = len(weights.encoder_FD)
    indices_TK = largest(x_TD, weights, k)
    values_TK = _products(x_TD, weights.encoder_FD, indices_TK) + weights.encoder_bias_F[indices_TK]
    fired_TK = values_TK > 0
    values_TK = values_TK.relu_()
    error_TD = target_TD - F.embedding_bag(
        indices_TK, weights.decoder_FD, per_sample_weights=values_TK, mode="sum"
    )
    slope_TD = error_TD * (-2 / normaliser)
    slope_TK = _products(slope_TD, weights.decoder_FD, indices_TK) * fired_TK
    # entries sorted by feature: an embedding-bag sum over tokens, without a dense [T, F]
    order = indices_TK.reshape(-1).argsort(stable=True)
    token_of = order.div(k, rounding_mode="floor")
    counts_F = torch.bincount(indices_TK.reshape(-1), minlength=n_features)
    bags_F = counts_F.cumsum(0) - counts_F

    def summed(rows_TD: Tensor, weight_TK: Tensor) -> Tensor:
        weight = weight_TK.reshape(-1)[order]
        return F.embedding_bag(token_of, rows_TD, bags_F, per_sample_weights=weight, mode="sum")

    bias_F = torch.zeros(n_features, device=x_TD.device)
    bias_F.index_add_(0, indices_TK.reshape(-1), slope_TK.reshape(-1))
    return Gradients(
        encoder_FD=summed(x_TD, slope_TK),
        encoder_bias_F=bias_F,
        decoder_FD=summed(slope_TD, values_TK),
        decoder_bias_D=slope_TD.sum(0),
        error_TD=error_TD,
        indices_TK=indices_TK,
        fired_TK=fired_TK,
    )


@torch.no_grad()
def largest(x_TD: Tensor, weights: SaeWeights, k: int) -> Tensor:
    """Indices `[T, k]` of each token's largest pre-activations, in any order.

    On CPUs with bfloat16 arithmetic the features are selected with bfloat16 products; values are fp32.
    """
    dtype = torch.bfloat16 if multiplies_bfloat16() else torch.float32
    encoder_DF, bias_F, x_TD = (
        weights.encoder_FD.to(dtype).T,
        weights.encoder_bias_F.to(dtype),
        x_TD.to(dtype),
    )
    return torch.cat(
        [largest_of(torch.addmm(bias_F, some_TD, encoder_DF), k) for some_TD in x_TD.split(SELECT_TOKENS)]
    )


def largest_of(pre_TF: Tensor, k: int) -> Tensor:
    """Indices `[T, k]` of the largest entries of each row, in any order.

    Only the k groups with the largest maxima are searched, which contain the k largest.
    """
    groups, rest = divmod(pre_TF.shape[1], GROUP)
    if rest or groups <= 2 * k:
        return pre_TF.topk(k, dim=1, sorted=False).indices
    maxima_TG = pre_TF.view(-1, GROUP, groups).amax(1)
    group_TK = maxima_TG.topk(k, dim=1, sorted=False).indices
    members = torch.arange(GROUP, device=pre_TF.device) * groups
    candidates = (group_TK.unsqueeze(2) + members).flatten(1)
    best = pre_TF.gather(1, candidates).topk(k, dim=1, sorted=False).indices
    return candidates.gather(1, best)


def _products(rows_TD: Tensor, weight_FD: Tensor, indices_TK: Tensor) -> Tensor:
    """`rows[t] . weight[indices[t, i]]` as `[T, K]`; on a CPU four times as fast as gathering the weights first."""
    n_tokens, k = indices_TK.shape
    starts = torch.arange(0, n_tokens * k + 1, k, device=rows_TD.device)
    zeros = torch.zeros(n_tokens * k, device=rows_TD.device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # sparse tensors are in beta
        wanted = torch.sparse_csr_tensor(
            starts, indices_TK.reshape(-1), zeros, (n_tokens, len(weight_FD)), check_invariants=False
        )
        found = torch.sparse.sampled_addmm(wanted, rows_TD, weight_FD.T, beta=0.0)
    return found.values().view(n_tokens, k)


def multiplies_bfloat16() -> bool:
    """Whether products of bfloat16 numbers are faster on this CPU than those of fp32 ones."""
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
