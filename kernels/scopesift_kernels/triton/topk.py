"""Triton: the exact top-k of every token, by block maxima and selection."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
import triton

from scopesift_kernels.rank_keys import NONE, rank_keys
from scopesift_kernels.triton.candidates import collect_candidates, find_hot_blocks, rank_candidates
from scopesift_kernels.triton.device import room_for_pre_activations
from scopesift_kernels.triton.launch import pre_activations
from scopesift_kernels.triton.tuning import TritonTuning
from scopesift_kernels.triton.weights import Weights


@dataclass(frozen=True)
class Launched:
    """A launched top-k search; the host has not synchronised with it.

    Attributes:
        x_RD: the tokens.
        weights: of the features that are searched.
        keys_RK: rank keys, descending; incomplete for rows whose candidates overflowed their buffer.
        spilled_R: int32, not 0 for those rows.
        spills_1: float32 `[1]`, not 0 if there are such rows.
        tuning: for repeating those rows.
    """

    x_RD: torch.Tensor
    weights: Weights
    keys_RK: torch.Tensor
    spilled_R: torch.Tensor
    spills_1: torch.Tensor
    tuning: TritonTuning

    def repair(self) -> None:
        """Repeat the rows that overflowed by selecting from all their keys. Synchronises with the GPU."""
        rows_Q = self.spilled_R.nonzero().flatten()
        k = self.keys_RK.shape[1]
        self.keys_RK[rows_Q] = _dense_keys(self.x_RD[rows_Q], self.weights, k, self.tuning)


def topk_keys(x_RD: torch.Tensor, weights: Weights, k: int, tuning: TritonTuning) -> torch.Tensor:
    """Rank keys `[R, k]` of the k largest pre-activations of some tokens, descending. Synchronises with the GPU."""
    launched = launch_topk(x_RD, weights, k, tuning)
    if float(launched.spills_1):
        launched.repair()
    return launched.keys_RK


def launch_topk(x_RD: torch.Tensor, weights: Weights, k: int, tuning: TritonTuning) -> Launched:
    """Start the search for the k largest pre-activations of some tokens."""
    n_rows, device = x_RD.shape[0], x_RD.device
    chunk = min(weights.n_features, tuning.chunk)
    block, together = _blocks(
        chunk, k, weights.tile.columns // 2, tuning
    )  # maxima are taken in halves of tiles
    if not block or not n_rows:
        keys_RK = _dense_keys(x_RD, weights, k, tuning)
        none_R, none_1 = torch.zeros(n_rows, dtype=torch.int32, device=device), torch.zeros(1, device=device)
        return Launched(x_RD, weights, keys_RK, none_R, none_1, tuning)
    pre = room_for_pre_activations(n_rows, chunk, weights.tile.rows, device, tuning)
    slab, pre = pre.shape[0], pre.flatten()
    hint = torch.empty(slab * triton.cdiv(chunk, block), device=device)
    search = _Search(x_RD, weights, k, slab, tuning)
    for start in range(0, n_rows, slab):
        rows = slice(start, min(start + slab, n_rows))
        for first in range(0, weights.n_features, chunk):
            some = weights[first : first + chunk]
            shape_RC = rows.stop - start, some.n_features
            shape_RG = rows.stop - start, triton.cdiv(some.n_features, block)
            pre_RC = pre[: shape_RC[0] * shape_RC[1]].view(shape_RC)
            hint_RG = hint[: shape_RG[0] * shape_RG[1]].view(shape_RG)
            pre_activations(x_RD[rows], some, pre_RC, hint_RG, block)
            search.take_in(rows, first, pre_RC, hint_RG, block, together)
    return search.launched


def _blocks(chunk: int, k: int, widest: int, tuning: TritonTuning) -> tuple[int, int]:
    """Columns per maximum, and maxima per group in the search; 0, 0 if there are too few for k."""
    for block in tuning.blocks:
        for together in tuning.together:
            if block <= widest and chunk // (block * together) >= 2 * k:
                return block, together
    return 0, 0


class _Search:
    """Running top-k over slabs of pre-activations. Buffers are allocated on first use, while the GPU is multiplying."""

    def __init__(self, x_RD: torch.Tensor, weights: Weights, k: int, slab: int, tuning: TritonTuning) -> None:
        self.x_RD, self.weights, self.k, self.slab, self.tuning = x_RD, weights, k, slab, tuning
        self.width = max(tuning.least_width, triton.next_power_of_2(4 * k))
        self.room = self.width - k

    @cached_property
    def launched(self) -> Launched:
        n_rows, device = self.x_RD.shape[0], self.x_RD.device
        return Launched(
            self.x_RD,
            self.weights,
            torch.empty(n_rows, self.k, dtype=torch.int64, device=device),
            torch.empty(n_rows, dtype=torch.int32, device=device),
            torch.zeros(1, device=device),
            self.tuning,
        )

    @cached_property
    def _numbers(self) -> torch.Tensor:
        """Per row: hot blocks, the bound, candidates, the value that a later feature must reach; aligned."""
        return torch.empty(4, triton.cdiv(self.slab, 4) * 4, dtype=torch.int32, device=self.x_RD.device)

    @cached_property
    def _candidates(self) -> torch.Tensor:
        return torch.empty(self.slab, self.room, dtype=torch.int64, device=self.x_RD.device)

    def take_in(
        self,
        rows: slice,
        first: int,
        pre_RC: torch.Tensor,
        hint_RG: torch.Tensor,
        block: int,
        together: int,
    ) -> None:
        """Merge the pre-activations of some tokens and of features from `first` on into their top-k."""
        n_rows, n_columns = pre_RC.shape
        n_blocks, k = hint_RG.shape[1], self.k
        hot_RG = torch.empty_like(hint_RG, dtype=torch.int32)
        count_R, bound_R, found_R, least_R = self._numbers
        keys_RK, spilled_R = self.launched.keys_RK[rows], self.launched.spilled_R[rows]
        find_hot_blocks[(n_rows,)](
            hint_RG, least_R, hot_RG, count_R, bound_R, n_blocks, k, first,
            SEARCH=n_blocks >= k * together, WIDTH=triton.next_power_of_2(n_blocks), TOGETHER=together, num_warps=1,
        )  # fmt: skip
        collect_candidates[(n_rows,)](
            pre_RC, hot_RG, count_R, bound_R, self._candidates, found_R, spilled_R, self.launched.spills_1,
            n_columns, n_blocks, first, ROOM=self.room, BLOCK=block, AT_ONCE=self.tuning.blocks_at_once, num_warps=1,
        )  # fmt: skip
        rank_candidates[(n_rows,)](
            keys_RK, self._candidates, found_R, least_R, k, first, NONE=NONE, ROOM=self.room, WIDTH=self.width,
            TOP=max(2, triton.next_power_of_2(k)), num_warps=max(1, min(8, self.width // 256)),
        )  # fmt: skip


def _dense_keys(x_RD: torch.Tensor, weights: Weights, k: int, tuning: TritonTuning) -> torch.Tensor:
    """The same by selecting from all keys: for few features, and for rows whose candidates overflowed."""
    keys_RK = torch.full((x_RD.shape[0], k), NONE, dtype=torch.int64, device=x_RD.device)
    chunk = min(weights.n_features, tuning.chunk)
    at_once = max(1, tuning.dense_elements // chunk)
    for start in range(0, x_RD.shape[0], at_once):
        rows = slice(start, start + at_once)
        for first in range(0, weights.n_features, chunk):
            some, x_QD = weights[first : first + chunk], x_RD[rows]
            pre_QC = torch.empty(x_QD.shape[0], some.n_features, device=x_RD.device)
            pre_activations(x_QD, some, pre_QC, None, 0)
            new_QC = rank_keys(pre_QC, first + torch.arange(some.n_features, device=x_RD.device))
            keys_RK[rows] = torch.cat((keys_RK[rows], new_QC), dim=1).topk(k, dim=1, sorted=False).values
    return keys_RK.sort(dim=1, descending=True).values
