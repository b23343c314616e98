"""Top-k with a fast bfloat16 product: it finds candidates, float32 decides among them.

1. The product of residuals and weights in bfloat16, chunk by chunk. The k-th largest maximum of groups of columns is a
   lower bound of the token's k-th largest value, up to the product's rounding.
2. What is farther below that bound than both products' rounding can't be in the top-k (`rounding.py`). The rest,
   little more than k features a token, are the candidates.
3. The candidates' pre-activations are computed again, as float32 sums of the inputs as they are stored, and ranked.

Finding candidates in low precision and rescoring them is common in nearest-neighbour search; the bound makes it exact.
Tokens with too many candidates (constant rows, ties) are left to the float32 product.
"""

from __future__ import annotations

import torch

from scopesift_kernels.cpu.candidates import Screen
from scopesift_kernels.cpu.processor import multiplies_bfloat16
from scopesift_kernels.cpu.rescoring import rescored_keys
from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.problems import Problem


def is_faster(problem: Problem, n_tokens: int, tuning: CpuTuning) -> bool:
    """Whether candidates from a bfloat16 product are faster than the float32 product; both give the same result."""
    fast = multiplies_bfloat16() if tuning.bfloat16 is None else tuning.bfloat16
    return (
        fast
        and (n_tokens >= tuning.least_screened or problem.W_enc_FD.numel() >= tuning.many_weights)
        and problem.n_features >= tuning.features_per_candidate * problem.k
    )


def bfloat16_keys(
    problem: Problem,
    x_RD: torch.Tensor,
    x_norm_R: torch.Tensor,
    tuning: CpuTuning,
    asked_R: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rank keys of the k largest pre-activations of a slab of tokens.

    Args:
        problem: the checked inputs.
        x_RD: residuals of the slab `[R, D]`, of any dtype.
        x_norm_R: their norms, float32.
        tuning: sizes of tiles, chunks and blocks.
        asked_R: float32 `[R]` or None; tokens whose top-k lies above this are dropped.

    Returns:
        int64 `[R, k]`, in any order, `NONE` for dropped tokens, and the rows that are left to the float32 product.
    """
    n_tokens = x_RD.shape[0]
    found = Screen(problem, n_tokens, tuning, drops=asked_R is not None).candidates(x_RD, x_norm_R, asked_R)
    if found is None:
        return torch.empty(n_tokens, problem.k, dtype=torch.int64), torch.arange(n_tokens)
    candidates, dense_R = found
    return rescored_keys(problem, x_RD, candidates, tuning), dense_R.nonzero().flatten()
