"""The Triton back end."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from scopesift_kernels.arguments import Problem, Selection
from scopesift_kernels.document_slabs import in_slabs
from scopesift_kernels.rank_keys import key_indices, key_values
from scopesift_kernels.results import SelectedMaxima, TopK
from scopesift_kernels.triton_selected import encode_all, screen
from scopesift_kernels.triton_topk import topk_keys
from scopesift_kernels.triton_weights import encoder_weights

# Up to here all features of all tokens cost little more than reading the weights once.
_FEW_TOKENS = 256
# If one in so many features is read, nearly every token holds one of them.
_MANY_FEATURES = 16
# Entries of [T, S] that are screened together; finishing takes some 30 bytes of each.
_PAIRS_AT_ONCE = 2**24


def topk(problem: Problem) -> TopK:
    """Encode every token; see `scopesift_kernels.encode_topk`."""
    with _current(problem.x_TD.device):
        keys_TK = topk_keys(problem.x_TD, encoder_weights(problem), problem.k)
    return TopK(torch.relu(key_values(keys_TK)), key_indices(keys_TK))


def selected(problem: Problem, selection: Selection) -> SelectedMaxima:
    """Pool selected features over documents; see `scopesift_kernels.encode_selected`."""
    many = selection.features_S.numel() * _MANY_FEATURES >= problem.n_features
    way = encode_all if many or problem.n_tokens <= _FEW_TOKENS else screen
    with _current(problem.x_TD.device):
        return in_slabs(problem, selection, _PAIRS_AT_ONCE, way)


def _current(device: torch.device) -> AbstractContextManager[object]:
    """Triton launches on the current GPU, wherever the tensors are."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
