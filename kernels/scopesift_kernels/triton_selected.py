"""Selected features on the GPU: rounds of verifying leaders that the host does not wait for.

Count, don't select: a pair (token, feature) is in the token's top-k iff fewer than k features rank before it, and
the epilogue of a product can count those without writing anything. A round asks about the largest undecided pair of
every (document, feature) group and learns from the answer. The host looks whether there is anything to ask and whether
asking pays, launches a few rounds one after the other, and looks once more: what is still open is encoded.
"""

from __future__ import annotations

import torch
import triton

from scopesift_kernels.arguments import Problem, Selection
from scopesift_kernels.document_pool import pool_documents
from scopesift_kernels.rank_keys import NONE, key_indices, rank_keys
from scopesift_kernels.results import SelectedMaxima
from scopesift_kernels.triton_launch import count_before, pre_activations
from scopesift_kernels.triton_rounds import find_leaders, gather_asked, learn
from scopesift_kernels.triton_topk import topk_keys
from scopesift_kernels.triton_weights import Weights, encoder_weights

_ROUNDS = 3
# If one in so many tokens holds a leader, rounds would cost more than encoding what may decide.
_ASKED_SHARE = 4
# Leaders of one token that are counted in a round, and tokens: their residuals are copied.
_SLOTS, _ROOM = 2, 8192
# Of as many tokens or more it is first asked which can hold a member at all, by this share of the features.
_GATE_TOKENS, _GATE_SHARE, _GATE_SAMPLE = 1024, 8, 128
_TILE_ROWS, _TILE_COLUMNS, _LEARN_ROWS = 64, 32, 128
# Copied residuals are rows of a multiple of this.
_WHOLE = 8
_OPEN = -2
_EVERYTHING = 2**63 - 1  # above the key of every pair


def encode_all(problem: Problem, selection: Selection) -> SelectedMaxima:
    """Pool selected features over documents by the full encode of every token."""
    weights = encoder_weights(problem)
    pre_TS = _selected_pre_activations(problem, selection, weights)
    last_T1 = topk_keys(problem.x_TD, weights, problem.k)[:, -1:]
    active_TS = (rank_keys(pre_TS, selection.features_S) >= last_T1) & (pre_TS > selection.floors_S)
    acts_TS = torch.where(active_TS, pre_TS, 0.0)
    return pool_documents(acts_TS, selection.documents_T, selection.n_documents)


def screen(problem: Problem, selection: Selection) -> SelectedMaxima:
    """Pool selected features over documents by verifying as few pairs as may be."""
    if not selection.features_S.numel() or not selection.n_documents:
        shape = (selection.n_documents, selection.features_S.numel())
        empty = torch.zeros(shape, device=problem.x_TD.device)
        return SelectedMaxima(empty, torch.full_like(empty, -1, dtype=torch.int64))
    groups = _Groups(problem, selection)
    counts = groups.lead(0)
    asked, still_open = counts[:2].tolist()
    if still_open and asked * _ASKED_SHARE <= problem.n_tokens:
        for number in range(1, _ROUNDS + 1):
            groups.verify(counts)
            counts = groups.lead(number)
        still_open = int(counts[1])
    if still_open:
        groups.finish()
    return SelectedMaxima(groups.maximum_NS, groups.winner_NS.to(torch.int64))


class _Groups:
    """What is known of the (document, feature) groups and of the tokens."""

    def __init__(self, problem: Problem, selection: Selection) -> None:
        self.problem, self.selection = problem, selection
        device, n_tokens = problem.x_TD.device, problem.n_tokens
        self.weights = encoder_weights(problem)
        self.pre_TS = _selected_pre_activations(problem, selection, self.weights)
        numbers = torch.arange(selection.n_documents + 1, device=device)
        self.starts = torch.searchsorted(selection.documents_T, numbers, out_int32=True)
        self.features_S = selection.features_S.to(torch.int32)
        self.maximum_NS = torch.zeros(selection.n_documents, self.features_S.numel(), device=device)
        self.winner_NS = torch.full_like(self.maximum_NS, _OPEN, dtype=torch.int32)
        self.refuted_T = torch.full((n_tokens,), NONE, dtype=torch.int64, device=device)
        self.member_T = torch.full_like(self.refuted_T, _EVERYTHING)
        self.used_T = torch.zeros(n_tokens, dtype=torch.int32, device=device)
        self.value_TQ = torch.empty(n_tokens, _SLOTS, device=device)
        self.asked_TQ = torch.zeros(n_tokens, _SLOTS, dtype=torch.int32, device=device)
        self.room = min(_ROOM, n_tokens, self.maximum_NS.numel())
        self.token_R = torch.empty(self.room, dtype=torch.int32, device=device)
        # of every look at the leaders: tokens that were asked about, groups that stayed open; rows of 16 bytes,
        # since kernels are compiled for the alignment of their pointers
        self.counts = torch.zeros(_ROUNDS + 2, 4, dtype=torch.int32, device=device)
        width = -(-self.weights.depth // _WHOLE) * _WHOLE
        self.gathered_RD = torch.empty(self.room, width, dtype=self.weights.dtype, device=device)
        self.row_value_RQ = torch.empty(self.room, _SLOTS, device=device)
        self.row_asked_RQ = torch.empty(self.room, _SLOTS, dtype=torch.int32, device=device)
        self.row_count_RQ = torch.empty_like(self.row_asked_RQ)

    def lead(self, number: int) -> torch.Tensor:
        """Close the groups whose leader is known; the number of tokens to ask about and of open groups first."""
        n_documents, n_selected = self.maximum_NS.shape
        self.used_T.zero_()
        find_leaders[(n_documents, triton.cdiv(n_selected, _TILE_COLUMNS))](
            self.pre_TS, self.selection.floors_S, self.features_S, self.starts, self.refuted_T, self.member_T,
            self.maximum_NS, self.winner_NS, self.used_T, self.value_TQ, self.asked_TQ, self.token_R,
            self.counts[number], n_selected, self.room,
            OPEN=_OPEN, SLOTS=_SLOTS, ROWS=_TILE_ROWS, COLUMNS=_TILE_COLUMNS,
        )  # fmt: skip
        return self.counts[number]

    def verify(self, counts: torch.Tensor) -> None:
        """Count what ranks before the leaders that `lead` has found."""
        x_TD, k = self.problem.x_TD, self.problem.k
        gather_asked[(self.room,)](
            x_TD, self.token_R, self.used_T, self.value_TQ, self.asked_TQ, counts, self.gathered_RD,
            self.row_value_RQ, self.row_asked_RQ, self.row_count_RQ, x_TD.shape[1], x_TD.stride(0),
            x_TD.stride(1), self.gathered_RD.shape[1], self.room,
            SLOTS=_SLOTS, WIDTH=triton.next_power_of_2(self.gathered_RD.shape[1]),
        )  # fmt: skip
        count_before(
            self.gathered_RD, self.weights, self.row_value_RQ, self.row_asked_RQ, self.row_count_RQ, counts
        )
        learn[(triton.cdiv(self.room, _LEARN_ROWS),)](
            self.token_R, self.used_T, counts, self.row_value_RQ, self.row_asked_RQ, self.row_count_RQ,
            self.refuted_T, self.member_T, k, self.room, SLOTS=_SLOTS, ROWS=_LEARN_ROWS,
        )  # fmt: skip

    def finish(self) -> None:
        """Encode the tokens that may still decide a group, fewer of them if a look at some features pays."""
        tokens_R = self.undecided()
        n_hot = self.problem.n_features // _GATE_SHARE
        if tokens_R.numel() >= _GATE_TOKENS and n_hot >= self.problem.k:
            self._refute_by(self._hot_features(tokens_R, n_hot), tokens_R)
            tokens_R = self.undecided()
        last_R = self._last_key(tokens_R, self.weights)
        self.member_T[tokens_R], self.refuted_T[tokens_R] = last_R, last_R - 1
        self.lead(_ROUNDS + 1)

    def undecided(self) -> torch.Tensor:
        """The tokens with a pair that may lead an open group and of which nothing is known."""
        chosen = self.selection
        open_TS = (self.winner_NS == _OPEN)[chosen.documents_T] & (self.pre_TS > chosen.floors_S)
        keys_TS = rank_keys(self.pre_TS, chosen.features_S)
        open_TS &= (keys_TS > self.refuted_T[:, None]) & (keys_TS < self.member_T[:, None])
        return open_TS.any(dim=1).nonzero().flatten()

    def _hot_features(self, tokens_R: torch.Tensor, n_hot: int) -> torch.Tensor:
        """The features that are most often active on a sample of the tokens."""
        sample_R = tokens_R[:: max(1, tokens_R.numel() // _GATE_SAMPLE)]
        active = key_indices(topk_keys(self.problem.x_TD[sample_R], self.weights, self.problem.k)).flatten()
        held_F = torch.zeros(self.problem.n_features, device=active.device)
        held_F.index_add_(0, active, torch.ones_like(active, dtype=held_F.dtype))
        return held_F.topk(n_hot).indices

    def _refute_by(self, features_H: torch.Tensor, tokens_R: torch.Tensor) -> None:
        """What is smaller than the k-th largest over some features isn't among the k largest over all.

        Both come out of the same loop over D: equal inputs give equal bits, so that no slack is needed.
        """
        last_R = self._last_key(tokens_R, self.weights[features_H])
        below_R = ((last_R >> 32) << 32) - 1  # above the keys of smaller values, below those of equal ones
        self.refuted_T[tokens_R] = torch.maximum(self.refuted_T[tokens_R], below_R)

    def _last_key(self, tokens_R: torch.Tensor, weights: Weights) -> torch.Tensor:
        """The rank key `[R]` of the k-th largest pre-activation of some tokens over some features."""
        return topk_keys(self.problem.x_TD[tokens_R], weights, self.problem.k)[:, -1]


def _selected_pre_activations(problem: Problem, selection: Selection, weights: Weights) -> torch.Tensor:
    """Float32 pre-activations `[T, S]` of the selected features."""
    pre_TS = torch.empty(problem.n_tokens, selection.features_S.numel(), device=problem.x_TD.device)
    pre_activations(problem.x_TD, weights[selection.features_S], pre_TS, None, 0)
    return pre_TS
