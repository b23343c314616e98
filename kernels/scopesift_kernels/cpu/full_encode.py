"""Selected features by the full encode, where that is cheaper than screening."""

from __future__ import annotations

import torch

from scopesift_kernels.cpu.topk import topk_keys
from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.problems import Problem, Selection
from scopesift_kernels.rank_keys import key_indices, key_values
from scopesift_kernels.results import SelectedMaxima


def is_cheaper(problem: Problem, selection: Selection, tuning: CpuTuning) -> bool:
    """Whether the full encode is faster than screening; both give the same result."""
    return problem.W_enc_FD.numel() <= tuning.pair_multiplications * selection.features_S.numel()


def read_off(problem: Problem, selection: Selection, tuning: CpuTuning) -> SelectedMaxima:
    """Encode every token and keep what the selection asks for; see `scopesift_kernels.encode_selected`."""
    keys_TK = topk_keys(problem, slice(None), tuning)
    acts_TK, index_TK = key_values(keys_TK), key_indices(keys_TK)
    asked_U, column_S = selection.features_S.unique(return_inverse=True)
    row_F = torch.full((problem.n_features,), -1, dtype=torch.int64)
    row_F[asked_U] = torch.arange(asked_U.numel())
    token_E, place_E = (row_F[index_TK] >= 0).nonzero(as_tuple=True)
    act_E = acts_TK[token_E, place_E]
    cell_E = selection.documents_T[token_E] * asked_U.numel() + row_F[index_TK[token_E, place_E]]
    shape = (selection.n_documents, asked_U.numel())
    maxima_C = torch.zeros(shape[0] * shape[1]).scatter_reduce_(0, cell_E, act_E, "amax")
    reached_E = act_E == maxima_C[cell_E]
    tokens_C = torch.full_like(maxima_C, problem.n_tokens, dtype=torch.int64)
    tokens_C.scatter_reduce_(0, cell_E[reached_E], token_E[reached_E], "amin")
    maxima_NS, tokens_NS = maxima_C.view(shape)[:, column_S], tokens_C.view(shape)[:, column_S]
    silent_NS = ~(maxima_NS > selection.floors_S)
    return SelectedMaxima(maxima_NS.masked_fill(silent_NS, 0.0), tokens_NS.masked_fill(silent_NS, -1))
