"""Float32 pre-activations of candidates, and the ranking of them."""

from __future__ import annotations

import warnings
from functools import cache

import torch

from scopesift_kernels.cpu.candidates import Candidates
from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.problems import Problem
from scopesift_kernels.rank_keys import NONE, rank_keys


def rescored_keys(problem: Problem, x_RD: torch.Tensor, found: Candidates, tuning: CpuTuning) -> torch.Tensor:
    """Rank keys of the k largest candidates of every token.

    Args:
        problem: the checked inputs.
        x_RD: residuals of a slab `[R, D]`, of any dtype.
        found: the candidates, by feature.
        tuning: features whose weights are converted at a time.

    Returns:
        int64 `[R, k]`, in any order; `NONE` where a token has fewer candidates.
    """
    n_tokens = x_RD.shape[0]
    pre_P = _sampled_product(problem, x_RD.float(), found, tuning.rescored_chunk)
    keys_P = rank_keys(pre_P.add_(problem.b_enc_F[found.features_P]), found.features_P)
    # Rows have different numbers of candidates: pad all rows to the longest.
    token_P, order_P = found.tokens_P.sort()
    counts_R = torch.bincount(token_P, minlength=n_tokens)
    place_P = torch.arange(token_P.numel()) - (counts_R.cumsum(0) - counts_R)[token_P]
    keys_RM = torch.full((n_tokens, max(problem.k, int(counts_R.max()))), NONE, dtype=torch.int64)
    keys_RM[token_P, place_P] = keys_P[order_P]
    return keys_RM.topk(problem.k, dim=1, sorted=False).values


def _sampled_product(problem: Problem, x_RD: torch.Tensor, found: Candidates, chunk: int) -> torch.Tensor:
    """Elements of the float32 product of weights and tokens: `[P]`."""
    _warn_early()
    counts_F = torch.bincount(found.features_P, minlength=problem.n_features)
    starts_F = torch.nn.functional.pad(counts_F.cumsum(0), (1, 0))
    pre_P = torch.empty(found.features_P.numel())
    W_CD = torch.empty(min(chunk, problem.n_features), x_RD.shape[1])
    for first in range(0, problem.n_features, chunk):
        features = slice(first, min(first + chunk, problem.n_features))
        starts_C, stored_CD = starts_F[first : features.stop + 1], problem.W_enc_FD[features]
        pairs = slice(int(starts_C[0]), int(starts_C[-1]))
        used_U = counts_F[features].nonzero().flatten()
        if 2 * used_U.numel() < stored_CD.shape[0]:
            starts_C, stored_CD = torch.cat((starts_C[used_U], starts_C[-1:])), stored_CD[used_U]
        tokens_P = found.tokens_P[pairs]
        wanted = torch.sparse_csr_tensor(
            starts_C - pairs.start, tokens_P, torch.zeros(tokens_P.numel()), (len(stored_CD), len(x_RD))
        )
        W_UD = W_CD[: stored_CD.shape[0]].copy_(stored_CD)
        pre_P[pairs] = torch.sparse.sampled_addmm(wanted, W_UD, x_RD.T, beta=0.0).values()
    return pre_P


@cache
def _warn_early() -> None:
    """Torch says once in a process that its sparse matrices may change, which nobody who encodes can act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.sparse_csr_tensor(
            torch.tensor([0, 0]), torch.tensor([], dtype=torch.int64), torch.zeros(0), (1, 1)
        )
