"""Triton: the exact top-k of every token. Block-max hints, then select."""

from __future__ import annotations

import torch
import triton

from scopesift_kernels.rank_keys import NONE, rank_keys
from scopesift_kernels.triton_launch import pre_activations, tile_shape
from scopesift_kernels.triton_select import collect_candidates, find_hot_blocks, rank_candidates
from scopesift_kernels.triton_weights import Weights

# Pre-activations that are in memory at a time (192 MiB), and the features among them.
_ELEMENTS, _CHUNK = 3 * 2**24, 2**15
# The same for the exact fallback, which needs several times the room for each.
_DENSE_ELEMENTS = 2**22
_BLOCKS = (128, 64, 32, 16)
_BLOCKS_AT_ONCE = 8
# A row has room for this many features, or four times k: those that it has and the candidates to enter.
_LEAST_WIDTH = 256


def topk_keys(x_RD: torch.Tensor, weights: Weights, k: int) -> torch.Tensor:
    """Rank keys `[R, k]` of the k largest pre-activations of some tokens, descending."""
    chunk = min(weights.n_features, _CHUNK)
    widest = tile_shape(weights.dtype).columns // 2  # maxima are taken in halves of tiles
    block = next((size for size in _BLOCKS if size <= widest and chunk // size >= 2 * k), None)
    if block is None:  # too few blocks for their maxima to say anything
        return _dense_keys(x_RD, weights, k)
    keys_RK = torch.empty(x_RD.shape[0], k, dtype=torch.int64, device=x_RD.device)
    overflow_R = torch.zeros(x_RD.shape[0], dtype=torch.int32, device=x_RD.device)
    slab = max(1, _ELEMENTS // chunk)
    for start in range(0, x_RD.shape[0], slab):
        rows = slice(start, start + slab)
        keys_RK[rows] = _slab_keys(x_RD[rows], weights, k, chunk, block, overflow_R[rows])
    spilled_R = overflow_R.nonzero().flatten()
    if spilled_R.numel():
        keys_RK[spilled_R] = _dense_keys(x_RD[spilled_R], weights, k)
    return keys_RK


def _slab_keys(
    x_RD: torch.Tensor, weights: Weights, k: int, chunk: int, block: int, overflow_R: torch.Tensor
) -> torch.Tensor:
    """Run all features past a slab of tokens; `overflow_R` is set where the room for candidates didn't do."""
    n_rows, device = x_RD.shape[0], x_RD.device
    width = max(_LEAST_WIDTH, triton.next_power_of_2(4 * k))
    room = width - k
    pre = torch.empty(n_rows * chunk, device=device)
    hint = torch.empty(n_rows * triton.cdiv(chunk, block), device=device)
    hot = torch.empty_like(hint, dtype=torch.int32)
    count_R, bound_R, found_R = torch.empty(3, n_rows, dtype=torch.int32, device=device)
    least_R = torch.zeros(n_rows, dtype=torch.int32, device=device)
    new_RM = torch.empty(n_rows, room, dtype=torch.int64, device=device)
    keys_RK = torch.full((n_rows, k), NONE, dtype=torch.int64, device=device)
    for first in range(0, weights.n_features, chunk):
        some = weights[first : first + chunk]
        n_columns = some.n_features
        n_blocks = triton.cdiv(n_columns, block)
        pre_RC = pre[: n_rows * n_columns].view(n_rows, n_columns)
        hint_RG = hint[: n_rows * n_blocks].view(n_rows, n_blocks)
        pre_activations(x_RD, some, pre_RC, hint_RG, block)
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


def _dense_keys(x_RD: torch.Tensor, weights: Weights, k: int) -> torch.Tensor:
    """The same by selecting from all keys: for few features, and for rows whose candidates had no room."""
    keys_RK = torch.full((x_RD.shape[0], k), NONE, dtype=torch.int64, device=x_RD.device)
    chunk = min(weights.n_features, _CHUNK)
    at_once = max(1, _DENSE_ELEMENTS // chunk)
    for start in range(0, x_RD.shape[0], at_once):
        rows = slice(start, start + at_once)
        for first in range(0, weights.n_features, chunk):
            some, x_QD = weights[first : first + chunk], x_RD[rows]
            pre_QC = torch.empty(x_QD.shape[0], some.n_features, device=x_RD.device)
            pre_activations(x_QD, some, pre_QC, None, 0)
            new_QC = rank_keys(pre_QC, first + torch.arange(some.n_features, device=x_RD.device))
            keys_RK[rows] = torch.cat((keys_RK[rows], new_QC), dim=1).topk(k, dim=1, sorted=False).values
    return keys_RK.sort(dim=1, descending=True).values
