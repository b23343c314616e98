"""The Triton back end."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
import triton

from scopesift_kernels import reference
from scopesift_kernels.arguments import Problem, Selection
from scopesift_kernels.document_slabs import in_slabs
from scopesift_kernels.results import SelectedMaxima, TopK
from scopesift_kernels.triton.candidates import unpack_keys
from scopesift_kernels.triton.selected import encode_all, screen
from scopesift_kernels.triton.topk import launch_topk
from scopesift_kernels.triton.weights import encoder_weights

# Up to here all features of all tokens cost little more than reading the weights once.
_FEW_TOKENS = 256
# If one in so many features is read, nearly every token holds one of them.
_MANY_FEATURES = 16
# Entries of [T, S] that are screened together: 256 MiB of float32.
_PAIRS_AT_ONCE = 2**26
_UNPACKED = 1024


def topk(problem: Problem) -> TopK:
    """Encode every token; see `scopesift_kernels.encode_topk`."""
    with _current(problem.x_TD.device):
        launched = launch_topk(problem.x_TD, encoder_weights(problem), problem.k)
        top = _unpacked(launched.keys_RK)
        largest, spills = torch.cat((problem.largest_entry(), launched.spills_1)).tolist()
        if problem.may_overflow(largest * problem.x_TD.shape[1] ** 0.5):
            return reference.topk(problem)
        if spills:
            launched.repair()
            top = _unpacked(launched.keys_RK)
    return top


def selected(problem: Problem, selection: Selection) -> SelectedMaxima:
    """Pool selected features over documents; see `scopesift_kernels.encode_selected`."""
    n_selected, n_tokens = selection.features_S.numel(), problem.n_tokens
    many = n_selected * _MANY_FEATURES >= problem.n_features
    way = encode_all if many or n_tokens <= _FEW_TOKENS else screen
    with _current(problem.x_TD.device):
        if 0 < n_tokens * n_selected <= _PAIRS_AT_ONCE and selection.n_documents:
            return way(problem, selection)
        selection.check_order()  # of slabs only the parts would be looked at
        if problem.may_overflow(problem.x_norm):
            return reference.selected(problem, selection)
        if not n_selected:
            none_NS = torch.zeros(selection.n_documents, 0, device=problem.x_TD.device)
            return SelectedMaxima(none_NS, none_NS.long())
        return in_slabs(problem, selection, _PAIRS_AT_ONCE, way)


def _unpacked(keys_TK: torch.Tensor) -> TopK:
    shape, device = keys_TK.shape, keys_TK.device
    values_TK = torch.empty(shape, device=device)
    indices_TK = torch.empty(shape, dtype=torch.int64, device=device)
    if keys_TK.numel():
        unpack_keys[(triton.cdiv(keys_TK.numel(), _UNPACKED),)](
            keys_TK, values_TK, indices_TK, keys_TK.numel(), SIZE=_UNPACKED
        )
    return TopK(values_TK, indices_TK)


def _current(device: torch.device) -> AbstractContextManager[object]:
    """Triton launches on the current GPU, wherever the tensors are."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
