"""The CPU back end."""

from __future__ import annotations

import torch

from scopesift_kernels.arguments import Problem, Selection
from scopesift_kernels.cpu.full_encode import is_cheaper, read_off
from scopesift_kernels.cpu.screening import screen
from scopesift_kernels.cpu.topk import topk_keys
from scopesift_kernels.document_slabs import in_slabs
from scopesift_kernels.rank_keys import key_indices, key_values
from scopesift_kernels.results import SelectedMaxima, TopK

# Entries of [T, S] that are screened together; each takes some 30 bytes.
_PAIRS_AT_ONCE = 2**21


def topk(problem: Problem) -> TopK:
    """Encode every token; see `scopesift_kernels.encode_topk`."""
    keys_TK = topk_keys(problem, slice(None))
    return TopK(torch.relu(key_values(keys_TK)), key_indices(keys_TK))


def selected(problem: Problem, selection: Selection) -> SelectedMaxima:
    """Pool selected features over documents; see `scopesift_kernels.encode_selected`."""
    if is_cheaper(problem, selection):
        return read_off(problem, selection)
    return in_slabs(problem, selection, _PAIRS_AT_ONCE, screen)
