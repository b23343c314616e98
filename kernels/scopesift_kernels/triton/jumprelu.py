"""JumpReLU on the GPU: the product's kernel writes pre-activations slab by slab, of which those above are kept."""

from __future__ import annotations

import torch

from scopesift_kernels.document_pool import pool_documents
from scopesift_kernels.problems import JumpReLUProblem, Selection
from scopesift_kernels.results import ActiveFeatures, SelectedMaxima, row_starts
from scopesift_kernels.triton.device import room_for_pre_activations
from scopesift_kernels.triton.products import pre_activations
from scopesift_kernels.triton.tuning import TritonTuning
from scopesift_kernels.triton.weights import encoder_weights, selected_rows


def encode(problem: JumpReLUProblem, tuning: TritonTuning) -> ActiveFeatures:
    """The active features of every token, by token, then by index."""
    weights, device = encoder_weights(problem, tuning), problem.x_TD.device
    n_tokens, n_features = problem.n_tokens, problem.n_features
    none = torch.zeros(0, device=device)
    values, indices, counts = [none], [none.long()], [none.long()]
    if n_tokens:
        pre_TF = room_for_pre_activations(n_tokens, n_features, weights.tile.rows, device, tuning)
        slab = pre_TF.shape[0]
        for start in range(0, n_tokens, slab):
            rows = slice(start, min(start + slab, n_tokens))
            pre_RF = pre_TF[: rows.stop - start]
            pre_activations(problem.x_TD[rows], weights, pre_RF)
            token_E, index_E = (pre_RF > problem.threshold_F).nonzero(as_tuple=True)
            values.append(pre_RF[token_E, index_E])
            indices.append(index_E)
            counts.append(torch.bincount(token_E, minlength=rows.stop - start))
    return ActiveFeatures(torch.cat(values), torch.cat(indices), row_starts(torch.cat(counts)))


def pool(problem: JumpReLUProblem, selection: Selection, tuning: TritonTuning) -> SelectedMaxima:
    """Pool selected features over documents."""
    weights = selected_rows(encoder_weights(problem, tuning), selection.features_S)
    pre_TS = torch.empty(problem.n_tokens, weights.n_features, device=problem.x_TD.device)
    pre_activations(problem.x_TD, weights, pre_TS)
    lowest_S = torch.maximum(problem.threshold_F[selection.features_S], selection.floors_S)
    acts_TS = pre_TS.masked_fill_(~(pre_TS > lowest_S), 0.0)
    return pool_documents(acts_TS, selection.documents_T, selection.n_documents)
