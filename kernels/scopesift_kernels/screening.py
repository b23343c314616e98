"""Selected features without the full encode: screen, then verify membership only where it decides something.

1. Compute the S columns. Only pairs (token, feature) above the feature's floor can matter.
2. Within a (document, feature) group, the largest pair that is in its token's top-k is the answer: verify
   in descending order and stop at the first member.
3. A verified token answers for all its pairs. Where many tokens turn out not to be members, a cheaper test
   goes first: the k-th largest over the features that were most often active bounds the k-th largest over
   all from below.

Every shortcut only skips work whose outcome is known, so that the answer is that of the full encode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch

from scopesift_kernels.arguments import Problem, Selection
from scopesift_kernels.candidate_pairs import CandidatePairs
from scopesift_kernels.document_slabs import in_slabs
from scopesift_kernels.results import SelectedMaxima

# Entries of [T, S] that are screened together; their candidates take some 60 bytes each.
_PAIRS_AT_ONCE = 2**21
# Groups whose leaders are verified first, to learn which features are hot and whether screening pays.
_SAMPLE = 128
# Screening pays if it spares more than twice what it costs.
_WORTH = 2.0
# Hot features: those that hold three quarters of the sample's memberships, of all features at most this share, and at
# most this many weights.
_HELD, _HOT_SHARE, _HOT_WEIGHTS = 0.75, 4, 2**24
_HOT_TILE = 2048
# How much wider each round looks, and screening looks ahead of verifying.
_WIDER = 4
# Below this many multiplications one pass over all candidates is cheaper than being clever.
_SMALL = 2**27


class Encoder(Protocol):
    """What screening needs of a back end."""

    def pre_activations(self, tokens_R: torch.Tensor | slice, features_S: torch.Tensor) -> torch.Tensor:
        """Float32 pre-activations `[R, S]` of some tokens and features."""

    def active(self, tokens_R: torch.Tensor) -> torch.Tensor:
        """Indices `[R, k]` of the exact top-k of some tokens."""

    def members(
        self, tokens_R: torch.Tensor, row_P: torch.Tensor, feature_P: torch.Tensor, pre_P: torch.Tensor
    ) -> torch.Tensor:
        """Whether features are in the top-k of `tokens_R[row_P]`; `pre_P` is from `pre_activations`."""


def screen_slabs(
    problem: Problem, selection: Selection, encoder_of: Callable[[Problem], Encoder]
) -> SelectedMaxima:
    """Pool selected features over documents, a bounded number of pairs at a time."""
    return in_slabs(
        problem, selection, _PAIRS_AT_ONCE, lambda part, chosen: _screen(part, chosen, encoder_of(part))
    )


def _screen(problem: Problem, selection: Selection, encoder: Encoder) -> SelectedMaxima:
    pre_TS = encoder.pre_activations(slice(None), selection.features_S)
    pairs = CandidatePairs(pre_TS, selection)
    maxima_NS = pre_TS.new_zeros(selection.n_documents, selection.features_S.numel())
    tokens_NS = torch.full_like(maxima_NS, -1, dtype=torch.int64)
    if pairs.token_P.numel():
        _decide(problem, pairs, encoder)
        won_G = pairs.winner_G >= 0
        cell_W, winner_W = pairs.cell_G[won_G], pairs.winner_G[won_G]
        maxima_NS.view(-1)[cell_W] = pairs.pre_P[winner_W]
        tokens_NS.view(-1)[cell_W] = pairs.token_P[winner_W]
    return SelectedMaxima(maxima_NS, tokens_NS)


def _decide(problem: Problem, pairs: CandidatePairs, encoder: Encoder) -> None:
    """Verify pairs until each group has its largest member, or none."""
    gate, width = None, pairs.token_P.numel()
    n_candidates = pairs.token_P.unique().numel()
    if n_candidates > _SAMPLE and n_candidates * problem.W_enc_FD.numel() > _SMALL:
        gate, width = _sample(problem, pairs, encoder), 1
    while True:
        lead_P = pairs.leading(width if gate is None else _WIDER * width)
        if not lead_P.numel():
            return
        if gate is not None:
            gate.refute(pairs, pairs.token_P[lead_P].unique())
            lead_P = pairs.leading(width)
            lead_P = lead_P[gate.screened_T[pairs.token_P[lead_P]]]
        tokens_R = pairs.token_P[lead_P].unique()
        on_P, row_P = pairs.on_tokens(tokens_R, problem.n_tokens)
        if on_P.numel():
            pairs.settle(on_P, encoder.members(tokens_R, row_P, pairs.feature_P[on_P], pairs.pre_P[on_P]))
        # Reading the weights costs as much as _SAMPLE tokens do: rounds that are smaller look further ahead.
        width *= _WIDER if tokens_R.numel() >= _SAMPLE else _WIDER**2


def _sample(problem: Problem, pairs: CandidatePairs, encoder: Encoder) -> _Gate | None:
    """Verify the leaders of some groups; a gate of the features active there if it would spare enough."""
    lead_P = pairs.leading(1)
    lead_P = lead_P[:: max(1, lead_P.numel() // _SAMPLE)]
    tokens_R = pairs.token_P[lead_P].unique()
    active_RK = encoder.active(tokens_R)
    on_P, row_P = pairs.on_tokens(tokens_R, problem.n_tokens)
    pairs.settle(on_P, holds(active_RK, row_P, pairs.feature_P[on_P], problem.n_features))
    held_F, hot_F = torch.bincount(active_RK.flatten(), minlength=problem.n_features).sort(descending=True)
    n_hot = int((held_F.cumsum(0) < _HELD * active_RK.numel()).sum()) + 1
    n_hot = min(n_hot, problem.n_features // _HOT_SHARE, _HOT_WEIGHTS // problem.x_TD.shape[1])
    refused = 1.0 - float(pairs.member_P[lead_P].double().mean())
    if n_hot < problem.k or refused <= _WORTH * n_hot / problem.n_features:
        return None
    return _Gate(problem, encoder, hot_F[:n_hot])


def holds(
    active_RK: torch.Tensor, row_P: torch.Tensor, feature_P: torch.Tensor, n_features: int
) -> torch.Tensor:
    """Whether each feature is listed in its row of active features, bool `[P]`."""
    row_R1 = torch.arange(active_RK.shape[0], device=active_RK.device)[:, None]
    return torch.isin(row_P * n_features + feature_P, active_RK + row_R1 * n_features)


class _Gate:
    """Refutes membership by the k-th largest over hot features, which bounds the k-th largest over all."""

    def __init__(self, problem: Problem, encoder: Encoder, hot_H: torch.Tensor) -> None:
        self.encoder, self.hot_H, self.k = encoder, hot_H, problem.k
        self.screened_T = torch.zeros(problem.n_tokens, dtype=torch.bool, device=hot_H.device)
        # The hot features and the selected ones come out of different products. Whatever the order of
        # accumulation, each is off by at most gamma * |x| |w| (Higham, Accuracy and Stability, 3.1), and so
        # is the verifying product: nothing closer than all these errors is refuted.
        gamma = 1.01 * (problem.x_TD.shape[1] + 2) * 2.0**-24
        largest_T = problem.x_norm_T * problem.w_norm + problem.b_enc_F.abs().max()
        underflow = problem.x_TD.shape[1] * 2.0**-126  # products may be flushed to zero
        self.slack_T = 4.0 * (gamma * largest_T + underflow)

    def refute(self, pairs: CandidatePairs, tokens_R: torch.Tensor) -> None:
        """Drop the pairs of some tokens that can't be members."""
        tokens_R = tokens_R[~self.screened_T[tokens_R]]
        for start in range(0, tokens_R.numel(), _HOT_TILE):
            tile_R = tokens_R[start : start + _HOT_TILE]
            hot_RH = self.encoder.pre_activations(tile_R, self.hot_H)
            bound_R = hot_RH.topk(self.k, dim=1, sorted=False).values.amin(dim=1) - self.slack_T[tile_R]
            on_P, row_P = pairs.on_tokens(tile_R, self.screened_T.numel())
            below_P = on_P[pairs.pre_P[on_P] < bound_R[row_P]]
            pairs.settle(below_P, torch.zeros_like(below_P, dtype=torch.bool))
        self.screened_T[tokens_R] = True
