"""Pooling of many documents in slabs that fit in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import torch

from scopesift_kernels.problems import Inputs, Selection
from scopesift_kernels.results import SelectedMaxima

Problem = TypeVar("Problem", bound=Inputs)


def in_slabs(
    problem: Problem,
    selection: Selection,
    pairs_at_once: int,
    pool: Callable[[Problem, Selection], SelectedMaxima],
) -> SelectedMaxima:
    """Pool selected features over documents, a bounded number of pairs (token, feature) at a time.

    Slabs may split documents: the maximum of the parts is the maximum of the document.

    Args:
        problem: all tokens.
        selection: the features to read.
        pairs_at_once: the bound.
        pool: pools the documents of one slab.
    """
    at_once = max(1, pairs_at_once // max(1, selection.features_S.numel()))
    if 0 < problem.n_tokens <= at_once:
        return pool(problem, selection)
    shape = (selection.n_documents, selection.features_S.numel())
    maxima_NS = torch.zeros(shape, device=problem.x_TD.device)
    tokens_NS = torch.full(shape, -1, dtype=torch.int64, device=problem.x_TD.device)
    for start in range(0, problem.n_tokens, at_once):
        rows = slice(start, start + at_once)
        part = replace(problem, x_TD=problem.x_TD[rows])
        found = pool(part, replace(selection, documents_T=selection.documents_T[rows]))
        larger_NS = found.maxima_NS > maxima_NS  # not >=: the earlier slab holds the earlier token
        tokens_NS = torch.where(larger_NS, found.tokens_NS + start, tokens_NS)
        maxima_NS = torch.maximum(found.maxima_NS, maxima_NS)
    return SelectedMaxima(maxima_NS, tokens_NS)
