"""The Triton back end: block-max hints, then select; for selected features count, don't select."""

from __future__ import annotations

import torch
import triton

from scopesift_kernels.arguments import Problem, Selection
from scopesift_kernels.rank_keys import NONE, key_indices, key_values, rank_keys
from scopesift_kernels.results import SelectedMaxima, TopK
from scopesift_kernels.screening import screen_slabs
from scopesift_kernels.triton_launch import count_before, pre_activations
from scopesift_kernels.triton_select import collect_candidates, find_hot_blocks, rank_candidates

# Pre-activations that are in memory at a time (192 MiB), and the features among them.
_ELEMENTS, _CHUNK = 3 * 2**24, 2**15
# The same for the exact fallback, which needs several times the room for each.
_DENSE_ELEMENTS = 2**22
_BLOCKS = (128, 64, 32, 16)
_BLOCKS_AT_ONCE = 8
# A row has room for this many features, or four times k: those that it has and the candidates to enter.
_LEAST_WIDTH = 256
# Thresholds a token is compared with in one pass; tokens with more pairs are passed again.
_PAIRS = 4


def topk(problem: Problem) -> TopK:
    """Encode every token; see `scopesift_kernels.encode_topk`."""
    keys_TK = _topk_keys(problem, slice(None))
    return TopK(torch.relu(key_values(keys_TK)), key_indices(keys_TK))


def selected(problem: Problem, selection: Selection) -> SelectedMaxima:
    """Pool selected features over documents; see `scopesift_kernels.encode_selected`."""
    return screen_slabs(problem, selection, TritonEncoder)


class TritonEncoder:
    """The products that screening asks for, on the GPU."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def pre_activations(self, tokens_R: torch.Tensor | slice, features_S: torch.Tensor) -> torch.Tensor:
        """Float32 pre-activations `[R, S]` of some tokens and features."""
        x_RD = self.problem.x_TD[tokens_R]
        pre_RS = torch.empty(x_RD.shape[0], features_S.numel(), device=x_RD.device)
        pre_activations(
            x_RD, self.problem.W_enc_FD[features_S], self.problem.b_enc_F[features_S], pre_RS, None, 0
        )
        return pre_RS

    def active(self, tokens_R: torch.Tensor) -> torch.Tensor:
        """Indices `[R, k]` of the exact top-k of some tokens."""
        return key_indices(_topk_keys(self.problem, tokens_R))

    def members(
        self, tokens_R: torch.Tensor, row_P: torch.Tensor, feature_P: torch.Tensor, pre_P: torch.Tensor
    ) -> torch.Tensor:
        """Whether features are in the top-k of `tokens_R[row_P]`, by counting what ranks before them."""
        order_P = row_P.argsort(stable=True)
        pairs_R = torch.bincount(row_P, minlength=tokens_R.numel())
        passes_R = (pairs_R + _PAIRS - 1) // _PAIRS
        # Pair i of a token is slot i of its passes, which stand one after the other.
        pair_P = (
            torch.arange(row_P.numel(), device=row_P.device) - (pairs_R.cumsum(0) - pairs_R)[row_P[order_P]]
        )
        slot_P = (passes_R.cumsum(0) - passes_R)[row_P[order_P]] * _PAIRS + pair_P
        token_Q = tokens_R.repeat_interleave(passes_R)
        value_QP = torch.full((token_Q.numel(), _PAIRS), float("inf"), device=row_P.device)
        feature_QP = torch.zeros_like(value_QP, dtype=torch.int32)
        value_QP.view(-1)[slot_P] = pre_P[order_P]
        feature_QP.view(-1)[slot_P] = feature_P[order_P].to(torch.int32)
        problem = self.problem
        x_QD = problem.x_TD[token_Q]
        count_QP = count_before(x_QD, problem.W_enc_FD, problem.b_enc_F, value_QP, feature_QP)
        member_P = torch.empty_like(row_P, dtype=torch.bool)
        member_P[order_P] = count_QP.view(-1)[slot_P] < problem.k
        return member_P


def _topk_keys(problem: Problem, tokens_R: torch.Tensor | slice) -> torch.Tensor:
    """Rank keys `[R, k]` of the k largest pre-activations of some tokens, descending."""
    x_RD = problem.x_TD[tokens_R]
    chunk = min(problem.n_features, _CHUNK)
    block = next((size for size in _BLOCKS if chunk // size >= 2 * problem.k), None)
    if block is None:  # too few blocks for their maxima to say anything
        return _dense_keys(problem, x_RD)
    keys_RK = torch.empty(x_RD.shape[0], problem.k, dtype=torch.int64, device=x_RD.device)
    overflow_R = torch.zeros(x_RD.shape[0], dtype=torch.int32, device=x_RD.device)
    slab = max(1, _ELEMENTS // chunk)
    for start in range(0, x_RD.shape[0], slab):
        rows = slice(start, start + slab)
        keys_RK[rows] = _slab_keys(problem, x_RD[rows], chunk, block, overflow_R[rows])
    spilled_R = overflow_R.nonzero().flatten()
    if spilled_R.numel():
        keys_RK[spilled_R] = _dense_keys(problem, x_RD[spilled_R])
    return keys_RK


def _slab_keys(
    problem: Problem, x_RD: torch.Tensor, chunk: int, block: int, overflow_R: torch.Tensor
) -> torch.Tensor:
    """Run all features past a slab of tokens; `overflow_R` is set where the room for candidates didn't do."""
    k, n_rows, device = problem.k, x_RD.shape[0], x_RD.device
    width = max(_LEAST_WIDTH, triton.next_power_of_2(4 * k))
    room = width - k
    pre = torch.empty(n_rows * chunk, device=device)
    hint = torch.empty(n_rows * triton.cdiv(chunk, block), device=device)
    hot = torch.empty_like(hint, dtype=torch.int32)
    count_R, bound_R, found_R = torch.empty(3, n_rows, dtype=torch.int32, device=device)
    least_R = torch.zeros(n_rows, dtype=torch.int32, device=device)
    new_RM = torch.empty(n_rows, room, dtype=torch.int64, device=device)
    keys_RK = torch.full((n_rows, k), NONE, dtype=torch.int64, device=device)
    for first in range(0, problem.n_features, chunk):
        W_CD, b_C = problem.W_enc_FD[first : first + chunk], problem.b_enc_F[first : first + chunk]
        n_columns = W_CD.shape[0]
        n_blocks = triton.cdiv(n_columns, block)
        pre_RC = pre[: n_rows * n_columns].view(n_rows, n_columns)
        hint_RG = hint[: n_rows * n_blocks].view(n_rows, n_blocks)
        pre_activations(x_RD, W_CD, b_C, pre_RC, hint_RG, block)
        find_hot_blocks[(n_rows,)](
            hint_RG, least_R, hot, count_R, bound_R, n_blocks, k,
            SEARCH=n_blocks >= k, WIDTH=triton.next_power_of_2(n_blocks), num_warps=1,
        )  # fmt: skip
        collect_candidates[(n_rows,)](
            pre_RC, hot, count_R, bound_R, new_RM, found_R, overflow_R, n_columns, n_blocks, first,
            ROOM=room, BLOCK=block, AT_ONCE=_BLOCKS_AT_ONCE, num_warps=1,
        )  # fmt: skip
        ranked_RK = torch.empty_like(keys_RK)
        rank_candidates[(n_rows,)](
            keys_RK, new_RM, found_R, ranked_RK, least_R, k, NONE=NONE,
            ROOM=room, WIDTH=width, TOP=triton.next_power_of_2(k), num_warps=max(1, min(8, width // 256)),
        )  # fmt: skip
        keys_RK = ranked_RK
    return keys_RK


def _dense_keys(problem: Problem, x_RD: torch.Tensor) -> torch.Tensor:
    """The same by selecting from all keys: for few features, and for rows whose candidates had no room."""
    keys_RK = torch.full((x_RD.shape[0], problem.k), NONE, dtype=torch.int64, device=x_RD.device)
    chunk = min(problem.n_features, _CHUNK)
    for start in range(0, x_RD.shape[0], max(1, _DENSE_ELEMENTS // chunk)):
        rows = slice(start, start + max(1, _DENSE_ELEMENTS // chunk))
        for first in range(0, problem.n_features, chunk):
            W_CD, b_C = problem.W_enc_FD[first : first + chunk], problem.b_enc_F[first : first + chunk]
            x_QD = x_RD[rows]
            pre_QC = torch.empty(x_QD.shape[0], W_CD.shape[0], device=x_RD.device)
            pre_activations(x_QD, W_CD, b_C, pre_QC, None, 0)
            new_QC = rank_keys(pre_QC, first + torch.arange(W_CD.shape[0], device=x_RD.device))
            keys_RK[rows] = (
                torch.cat((keys_RK[rows], new_QC), dim=1).topk(problem.k, dim=1, sorted=False).values
            )
    return keys_RK.sort(dim=1, descending=True).values
