"""Top-k on the CPU: candidates from bfloat16 products where the processor has them in hardware, else float32."""

from __future__ import annotations

import torch

from scopesift_kernels.cpu.bfloat16_topk import bfloat16_keys, is_faster
from scopesift_kernels.cpu.float32_topk import float32_keys
from scopesift_kernels.cpu.rounding import float32_error
from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.problems import Problem
from scopesift_kernels.rank_keys import NONE


def topk_keys(
    problem: Problem,
    tokens_R: torch.Tensor | slice,
    tuning: CpuTuning,
    asked_R: torch.Tensor | None = None,
) -> torch.Tensor:
    """Rank keys of the k largest pre-activations of some tokens.

    Args:
        problem: the checked inputs.
        tokens_R: int64 indices `[R]` or a slice of the tokens.
        tuning: sizes of slabs, tiles, chunks and blocks.
        asked_R: the largest pre-activation of each token that matters, as any product computes it, float32 `[R]`.
            Tokens whose top-k lies above it are dropped as soon as that is known. None: everything matters.

    Returns:
        int64 `[R, k]`, descending, see `rank_keys`; `NONE` for dropped tokens.
    """
    x_RD, x_norm_R = problem.x_TD[tokens_R], problem.x_norm_T[tokens_R]
    keys_RK = torch.full((x_RD.shape[0], problem.k), NONE, dtype=torch.int64)
    if asked_R is not None:
        # What is asked about comes from another product, which may be off by this much, as the one here.
        asked_R = asked_R + 2.0 * float32_error(problem, x_norm_R)
    screened = is_faster(problem, x_RD.shape[0], tuning)
    for start in range(0, x_RD.shape[0], tuning.slab):
        rows = slice(start, start + tuning.slab)
        left_R: torch.Tensor | slice = slice(None)
        slab_asked_R = None if asked_R is None else asked_R[rows]
        if screened:
            keys_RK[rows], left_R = bfloat16_keys(problem, x_RD[rows], x_norm_R[rows], tuning, slab_asked_R)
        x_LD = x_RD[rows][left_R]
        if x_LD.shape[0]:
            left_asked_R = None if slab_asked_R is None else slab_asked_R[left_R]
            keys_RK[rows][left_R] = float32_keys(problem, x_LD, tuning, left_asked_R)
    return keys_RK.sort(dim=1, descending=True).values
