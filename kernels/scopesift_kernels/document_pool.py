"""Maxima of selected features over the tokens of each document."""

from __future__ import annotations

import torch

from scopesift_kernels.results import SelectedMaxima


def pool_documents(acts_TS: torch.Tensor, documents_T: torch.Tensor, n_documents: int) -> SelectedMaxima:
    """The largest activation per document and feature, and the earliest token that reaches it.

    Args:
        acts_TS: float32 `[T, S]`, 0 where a token doesn't count.
        documents_T: int64 `[T]`, each below `n_documents`.
        n_documents: N.

    Returns:
        Maxima and tokens `[N, S]`.
    """
    n_tokens, n_selected = acts_TS.shape
    maxima_NS = acts_TS.new_zeros(n_documents, n_selected)
    tokens_NS = torch.full((n_documents, n_selected), n_tokens, dtype=torch.int64, device=acts_TS.device)
    document_TS = documents_T[:, None].expand(n_tokens, n_selected)
    maxima_NS.scatter_reduce_(0, document_TS, acts_TS, "amax")
    token_T = torch.arange(n_tokens, device=acts_TS.device)
    reached_TS = (acts_TS == maxima_NS[documents_T]) & (acts_TS > 0)
    token_TS = torch.where(reached_TS, token_T[:, None], n_tokens)
    tokens_NS.scatter_reduce_(0, document_TS, token_TS, "amin")
    return SelectedMaxima(maxima_NS, tokens_NS.masked_fill_(tokens_NS == n_tokens, -1))
