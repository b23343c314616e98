"""Triton: the exact top-k of every token, by block maxima and selection."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
import triton

from scopesift_kernels.rank_keys import NONE, rank_keys
from scopesift_kernels.triton.candidates import find_bounds, select_candidates
from scopesift_kernels.triton.device import processors, room_for_pre_activations
from scopesift_kernels.triton.launch import launch
from scopesift_kernels.triton.products import pre_activations
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
    search = _Search(x_RD, weights, k, pre, block, together, tuning)
    for start in range(0, n_rows, pre.shape[0]):
        rows = slice(start, min(start + pre.shape[0], n_rows))
        for first in range(0, weights.n_features, chunk):
            search.take_in(rows, first, weights[first : first + chunk])
    return search.launched


def _blocks(chunk: int, k: int, widest: int, tuning: TritonTuning) -> tuple[int, int]:
    """Columns per maximum, and maxima per group in the search; 0, 0 if there are too few for k."""
    for block in tuning.blocks:
        for together in tuning.together:
            if block <= widest and chunk // (block * together) >= 2 * k:
                return block, together
    return 0, 0


class _Search:
    """Running top-k over slabs of pre-activations. Most buffers are allocated while the GPU is multiplying.

    Args:
        x_RD: all tokens.
        weights: of all features.
        k: active features per token.
        pre: float32 `[slab, chunk]`, room for pre-activations.
        block: columns per maximum.
        together: maxima per group in the search.
        tuning: sizes.
    """

    def __init__(
        self,
        x_RD: torch.Tensor,
        weights: Weights,
        k: int,
        pre: torch.Tensor,
        block: int,
        together: int,
        tuning: TritonTuning,
    ) -> None:
        self.x_RD, self.k, self.block, self.together, self.tuning = x_RD, k, block, together, tuning
        (self.slab, chunk), self.pre, self.weights = pre.shape, pre.flatten(), weights
        self.width = max(tuning.least_width, triton.next_power_of_2(4 * k))
        self.hint = torch.empty(self.slab * triton.cdiv(chunk, block), device=x_RD.device)

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
    def _bound_R(self) -> torch.Tensor:
        return torch.empty(self.slab, device=self.x_RD.device)

    @cached_property
    def _hot(self) -> torch.Tensor:
        return torch.empty_like(self.hint, dtype=torch.int32)

    @cached_property
    def _candidates(self) -> torch.Tensor:
        return torch.empty(self.slab, self.width - self.k, dtype=torch.int64, device=self.x_RD.device)

    def take_in(self, rows: slice, first: int, weights: Weights) -> None:
        """Merge the pre-activations of some tokens, of features from `first` on, into their top-k."""
        n_rows, n_columns, k, tuning = rows.stop - rows.start, weights.n_features, self.k, self.tuning
        n_blocks = triton.cdiv(n_columns, self.block)
        pre_RC = self.pre[: n_rows * n_columns].view(n_rows, n_columns)
        hint_RG = self.hint[: n_rows * n_blocks].view(n_rows, n_blocks)
        known = self._multiply(self.x_RD[rows], weights, pre_RC, hint_RG, later=first > 0)
        top = max(2, triton.next_power_of_2(k))
        launch(
            select_candidates, (n_rows, 1, 1), hint_RG, pre_RC, self._bound_R, self._hot, self._candidates,
            self.launched.keys_RK[rows], self.launched.spilled_R[rows], self.launched.spills_1, n_blocks,
            n_columns, k, first,
            constants={
                "KNOWN": known, "MERGE": first > 0, "SEARCH": n_blocks >= k * self.together,
                "BITS": tuning.bound_bits, "WIDTH": triton.next_power_of_2(n_blocks), "TOGETHER": self.together,
                "BLOCK": self.block, "AT_ONCE": tuning.blocks_at_once, "ROOM": self.width - k,
                "FEW": min(self.width, 2 * top if first else top), "MANY": self.width, "TOP": top, "NONE": NONE,
            },
            num_warps=1,
        )  # fmt: skip

    def _part(self, x_RD: torch.Tensor, weights: Weights) -> int:
        """How many features to multiply first: whole tiles, in both products about as many for each processor."""
        tile, at_once = weights.tile, processors(x_RD.device)
        rows, columns = triton.cdiv(x_RD.shape[0], tile.rows), weights.n_features // tile.columns
        least = columns // self.tuning.bound_share

        def idle(some: int) -> int:
            return -rows * some % at_once + -rows * (columns - some) % at_once

        return tile.columns * min(range(least, min(columns, least + least // 4) + 1), key=idle)

    def _multiply(
        self,
        x_RD: torch.Tensor,
        weights: Weights,
        pre_RC: torch.Tensor,
        hint_RG: torch.Tensor,
        later: bool,
    ) -> bool:
        """Compute pre-activations and maxima; whether blocks below the bounds in `bound_R` were not written.

        Most of the time that a product takes beyond its arithmetic goes into writing. A later chunk's bounds are the
        last members of the running top-k; for the first chunk, they come from the maxima of a part of it.
        """
        if later:
            pre_activations(x_RD, weights, pre_RC, hint_RG, self.block, self._bound_R)
            return True
        part = self._part(x_RD, weights)
        if x_RD.shape[0] < self.tuning.bound_tokens or part // self.block < 2 * self.k:
            pre_activations(x_RD, weights, pre_RC, hint_RG, self.block)
            return False
        n_blocks, rows_at_once = part // self.block, self.tuning.bound_rows
        pre_activations(x_RD, weights[:part], pre_RC[:, :part], hint_RG[:, :n_blocks], self.block)
        launch(
            find_bounds, (triton.cdiv(x_RD.shape[0], rows_at_once), 1, 1), hint_RG, self._bound_R, x_RD.shape[0],
            n_blocks, hint_RG.stride(0), self.k,
            constants={
                "BITS": self.tuning.bound_bits, "WIDTH": triton.next_power_of_2(n_blocks), "ROWS": rows_at_once,
            },
            num_warps=min(4, rows_at_once),
        )  # fmt: skip
        pre_activations(
            x_RD, weights[part:], pre_RC[:, part:], hint_RG[:, n_blocks:], self.block, self._bound_R
        )
        return True


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
            pre_activations(x_QD, some, pre_QC)
            new_QC = rank_keys(pre_QC, first + torch.arange(some.n_features, device=x_RD.device))
            keys_RK[rows] = torch.cat((keys_RK[rows], new_QC), dim=1).topk(k, dim=1, sorted=False).values
    return keys_RK.sort(dim=1, descending=True).values
