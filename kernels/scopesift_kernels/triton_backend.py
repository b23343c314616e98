"""The Triton back end: block-max hints, then select; for selected features count, don't select."""

from __future__ import annotations

import torch
import triton

from scopesift_kernels.arguments import Problem, Selection
from scopesift_kernels.rank_keys import NONE, key_indices, key_values, rank_keys
from scopesift_kernels.results import SelectedMaxima, TopK
from scopesift_kernels.screening import holds, screen_slabs
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
# Thresholds that a token is compared with in one pass of counting, and the tokens that are copied for it.
_PAIRS, _COUNTED_AT_ONCE = 4, 8192


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
        """Whether features are in the top-k of `tokens_R[row_P]`, by counting what ranks before them.

        Tokens with more pairs than one pass of counting holds are encoded instead.
        """
        many_R = torch.bincount(row_P, minlength=tokens_R.numel()) > _PAIRS
        place_R = torch.where(many_R, many_R.cumsum(0), (~many_R).cumsum(0)) - 1
        place_P, many_P = place_R[row_P], many_R[row_P]
        few_P = ~many_P
        member_P = torch.empty_like(many_P)
        member_P[many_P] = holds(
            self.active(tokens_R[many_R]), place_P[many_P], feature_P[many_P], self.problem.n_features
        )
        member_P[few_P] = self._count(tokens_R[~many_R], place_P[few_P], feature_P[few_P], pre_P[few_P])
        return member_P

    def _count(
        self, tokens_R: torch.Tensor, row_P: torch.Tensor, feature_P: torch.Tensor, pre_P: torch.Tensor
    ) -> torch.Tensor:
        problem, n_rows = self.problem, tokens_R.numel()
        order_P = row_P.argsort(stable=True)
        pairs_R = torch.bincount(row_P, minlength=n_rows)
        slot_P = torch.empty_like(row_P)  # the pairs of a token take its slots one after the other
        slot_P[order_P] = torch.arange(row_P.numel(), device=row_P.device)
        slot_P -= (pairs_R.cumsum(0) - pairs_R)[row_P]
        value_RS = torch.full((n_rows, _PAIRS), float("inf"), device=row_P.device)
        feature_RS = torch.zeros_like(value_RS, dtype=torch.int32)
        value_RS[row_P, slot_P] = pre_P
        feature_RS[row_P, slot_P] = feature_P.to(torch.int32)
        count_RS = torch.zeros_like(feature_RS)
        for start in range(0, n_rows, _COUNTED_AT_ONCE):
            rows = slice(start, start + _COUNTED_AT_ONCE)
            x_RD = problem.x_TD[tokens_R[rows]]
            count_RS[rows] = count_before(
                x_RD, problem.W_enc_FD, problem.b_enc_F, value_RS[rows], feature_RS[rows]
            )
        return count_RS[row_P, slot_P] < problem.k


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
            ROOM=room, WIDTH=width, TOP=max(2, triton.next_power_of_2(k)), num_warps=max(1, min(8, width // 256)),
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
