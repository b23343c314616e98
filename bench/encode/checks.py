"""Checks of the timed encodes against float64, on the timed inputs."""

from __future__ import annotations

import torch
from scopesift_kernels import SelectedMaxima, TopK

from bench.encode.shapes import Data

_TOKENS = 64


def _exact(data: Data, batch: int, tokens_R: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Float64 pre-activations of some tokens, and the bound of a float32 product's rounding error."""
    x_RD, W_FD = data.batches[batch][tokens_R].double(), data.W_enc_FD
    b_F, rounding = data.b_enc_F.double(), (data.shape.d_model + 2) * 2.0**-24
    pre_RF = torch.empty(x_RD.shape[0], W_FD.shape[0], dtype=torch.float64, device=x_RD.device)
    for start in range(0, W_FD.shape[0], 8192):
        columns = slice(start, start + 8192)
        pre_RF[:, columns] = x_RD @ W_FD[columns].double().T + b_F[columns]
    largest = x_RD.norm(dim=1) * W_FD.float().norm(dim=1).max().double() + b_F.abs().max()
    return pre_RF, (2 * rounding * largest)[:, None]


def topk_mismatches(data: Data, batch: int, got: TopK) -> int:
    """Number of features in the top-k of `_TOKENS` sampled tokens that are wrong by more than rounding."""
    step = max(1, data.shape.tokens // _TOKENS)
    tokens_R = torch.arange(0, data.shape.tokens, step, device=got.indices_TK.device)[:_TOKENS]
    pre_RF, slack_R1 = _exact(data, batch, tokens_R)
    indices_RK = got.indices_TK[tokens_R]
    chosen_RK = pre_RF.gather(1, indices_RK)
    kth_R1 = pre_RF.topk(data.shape.k, dim=1).values[:, -1:]
    wrong_RK = (chosen_RK < kth_R1 - slack_R1) | (
        (got.values_TK[tokens_R] - chosen_RK.relu()).abs() > slack_R1
    )
    repeated = sum(len(row) - len(set(row)) for row in indices_RK.tolist())
    return int(wrong_RK.sum()) + repeated


def selected_mismatches(
    data: Data, batch: int, got: SelectedMaxima, selection: tuple[torch.Tensor, ...], full: TopK
) -> int:
    """Number of document maxima that differ from those of the full encode by more than rounding."""
    features_S, documents_T, floors_S = selection
    shape = data.shape
    wrong = 0
    for column, (feature, floor) in enumerate(zip(features_S.tolist(), floors_S.tolist(), strict=True)):
        at_TK = full.indices_TK == feature
        act_T = (full.values_TK * at_TK).sum(dim=1)
        act_T = torch.where(act_T > floor, act_T, 0.0)
        right_N = torch.zeros_like(got.maxima_NS[:, column]).scatter_reduce_(0, documents_T, act_T, "amax")
        slack = 1e-4 * (1.0 + right_N.abs())
        for document in ((right_N - got.maxima_NS[:, column]).abs() > slack).nonzero().flatten().tolist():
            tokens_R = (documents_T == document).nonzero().flatten()
            pre_RF, slack_R1 = _exact(data, batch, tokens_R)
            near_R = (pre_RF[:, feature] - pre_RF.topk(shape.k, dim=1).values[:, -1]).abs() <= slack_R1[:, 0]
            near_R |= (pre_RF[:, feature] - floor).abs() <= slack_R1[:, 0]
            wrong += int(not bool(near_R.any()))
    return wrong
