"""The two training losses: next-token cross-entropy with a sampled partition function, and translation ranking."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 0.07


def sampled_cross_entropy(hidden_TD: Tensor, targets_T: Tensor, embedding_VD: Tensor, sampled: int) -> Tensor:
    """Next-token loss over the batch's own targets plus a uniform sample of the other tokens.

    Every token that is a target somewhere in the batch is a candidate of every row, so the frequent part of the
    partition function is exact; the rest is estimated from `sampled` tokens, weighted by the inverse of their
    sampling probability (Bengio & Senécal 2003). With `sampled` at least the vocabulary it is the exact loss.

    Args:
        hidden_TD: fp32/bf16 `[T, D]`, after the final norm.
        targets_T: int64 `[T]`.
        embedding_VD: `[V, D]`, the tied output embedding.
        sampled: Number of additional candidates to draw.

    Returns:
        Mean loss in nats, a scalar.
    """
    vocabulary = embedding_VD.shape[0]
    present, local_T = torch.unique(targets_T, return_inverse=True)
    absent_V = torch.ones(vocabulary, dtype=torch.bool, device=targets_T.device)
    absent_V[present] = False
    rest = absent_V.nonzero().squeeze(1)
    drawn = rest[torch.randperm(len(rest), device=rest.device)[:sampled]]
    logits = hidden_TD @ embedding_VD[torch.cat([present, drawn])].T
    if 0 < len(drawn) < len(rest):
        offset = torch.zeros(logits.shape[1], device=logits.device, dtype=logits.dtype)
        offset[len(present) :] = math.log(len(rest) / len(drawn))
        logits = logits + offset
    return F.cross_entropy(logits.float(), local_T)


def translation_ranking(states_BTD: Tensor, keep_BT: Tensor) -> Tensor:
    """Make the mean residual of a text closest to that of its translation (after LaBSE, Feng et al. 2022).

    Args:
        states_BTD: Residual after one block, `[2 * pairs, T, D]`; row i and row `pairs + i` are a pair.
        keep_BT: bool; the tokens that count.

    Returns:
        Mean in-batch cross-entropy over both directions, in nats, a scalar.
    """
    weights = keep_BT.unsqueeze(-1).to(states_BTD.dtype)
    mean_BD = (states_BTD * weights).sum(1) / weights.sum(1).clamp(min=1)
    left, right = F.normalize(mean_BD.float(), dim=-1).chunk(2)
    similarity = left @ right.T / TEMPERATURE
    own = torch.arange(len(left), device=similarity.device)
    return (F.cross_entropy(similarity, own) + F.cross_entropy(similarity.T, own)) / 2
