"""JumpReLU on the CPU: products of slabs of tokens with chunks of features, and what exceeds its threshold.

A feature's activation depends on no other feature, so selected features need the product with their own rows only.
"""

from __future__ import annotations

from functools import partial

import torch

from scopesift_kernels.cpu.screening import pre_activations
from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.document_pool import pool_documents
from scopesift_kernels.document_slabs import in_slabs
from scopesift_kernels.problems import JumpReLUProblem, Selection
from scopesift_kernels.results import ActiveFeatures, SelectedMaxima, row_starts


def encode(problem: JumpReLUProblem, tuning: CpuTuning) -> ActiveFeatures:
    """The active features of every token, by token, then by index."""
    found = [
        _slab(problem, slice(start, start + tuning.slab), tuning)
        for start in range(0, problem.n_tokens, tuning.slab)
    ]
    values, indices, counts = zip(*found, strict=True) if found else ((), (), ())
    none = torch.zeros(0)
    return ActiveFeatures(
        torch.cat((none, *values)),
        torch.cat((none.long(), *indices)),
        row_starts(torch.cat((none.long(), *counts))),
    )


def selected(problem: JumpReLUProblem, selection: Selection, tuning: CpuTuning) -> SelectedMaxima:
    """Pool selected features over documents."""
    return in_slabs(problem, selection, tuning.pairs_at_once, partial(_pool, tuning=tuning))


def _pool(problem: JumpReLUProblem, selection: Selection, tuning: CpuTuning) -> SelectedMaxima:
    pre_TS = pre_activations(problem, selection.features_S, tuning.slab)
    lowest_S = torch.maximum(problem.threshold_F[selection.features_S], selection.floors_S)
    acts_TS = pre_TS.masked_fill_(~(pre_TS > lowest_S), 0.0)
    return pool_documents(acts_TS, selection.documents_T, selection.n_documents)


def _slab(
    problem: JumpReLUProblem, rows: slice, tuning: CpuTuning
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Values, indices and counts of a slab of tokens."""
    x_RD = problem.x_TD[rows].float()
    tokens: list[torch.Tensor] = []
    indices: list[torch.Tensor] = []
    values: list[torch.Tensor] = []
    for start in range(0, problem.n_features, tuning.chunk):
        chunk = slice(start, start + tuning.chunk)
        W_CD = problem.W_enc_FD[chunk].float()
        for first in range(0, x_RD.shape[0], tuning.tile):
            pre_RC = torch.mm(x_RD[first : first + tuning.tile], W_CD.T).add_(problem.b_enc_F[chunk])
            token_E, index_E = (pre_RC > problem.threshold_F[chunk]).nonzero(as_tuple=True)
            tokens.append(token_E + first)
            indices.append(index_E + start)
            values.append(pre_RC[token_E, index_E])
    token_E = torch.cat(tokens)
    order_E = token_E.argsort(stable=True)  # chunks come by index, so that equal tokens stay in its order
    return (
        torch.cat(values)[order_E],
        torch.cat(indices)[order_E],
        torch.bincount(token_E, minlength=x_RD.shape[0]),
    )
