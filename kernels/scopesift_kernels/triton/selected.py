"""Selected features on the GPU: leaders are verified in rounds, the first without synchronising with the host.

A pair (token, feature) is in the token's top-k iff fewer than k features rank before it, and the epilogue of a matrix
product can count those without writing pre-activations. A round counts for the largest undecided pair, the leader, of
every (document, feature) group; if too many tokens hold a leader, it does nothing. The host launches the first round
before any synchronisation, further rounds while each closes half of the open groups, and then encodes the tokens that
are still undecided.
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import NamedTuple

import torch
import triton

from scopesift_kernels.problems import Problem, Selection
from scopesift_kernels.rank_keys import NONE, key_indices
from scopesift_kernels.reference import ReferenceBackend
from scopesift_kernels.results import SelectedMaxima
from scopesift_kernels.triton.launch import launch
from scopesift_kernels.triton.products import count_before, pre_activations
from scopesift_kernels.triton.rounds import begin, find_leaders, find_undecided, gather_asked, learn
from scopesift_kernels.triton.topk import launch_topk, topk_keys
from scopesift_kernels.triton.tuning import TritonTuning
from scopesift_kernels.triton.weights import encoder_weights, selected_rows

# Rows of copied residuals are padded to a multiple of this.
_WHOLE = 8
_OPEN = -2
_EVERYTHING = 2**63 - 1  # above the key of every pair


def encode_all(problem: Problem, selection: Selection, tuning: TritonTuning) -> SelectedMaxima:
    """Pool selected features over documents by the full encode of every token."""
    groups = _Groups(problem, selection, tuning)
    launched = launch_topk(problem.x_TD, groups.weights, problem.k, tuning)
    groups.settle(launched.keys_RK[:, -1])
    groups.lead(0)
    seen = groups.look(launched.spills_1)
    if seen.may_overflow:
        return ReferenceBackend().selected(problem, selection)
    if seen.more:
        launched.repair()
        groups.begin()
        groups.settle(launched.keys_RK[:, -1])
        groups.lead(0)
    return SelectedMaxima(groups.maximum_NS, groups.winner_NS)


def screen(problem: Problem, selection: Selection, tuning: TritonTuning) -> SelectedMaxima:
    """Pool selected features over documents, verifying as few pairs as possible."""
    groups = _Groups(problem, selection, tuning)
    groups.lead(0)
    groups.verify(0)
    groups.lead(1)
    seen, done = groups.look(), 1
    if seen.may_overflow:
        return ReferenceBackend().selected(problem, selection)
    while done < tuning.rounds and 0 < 2 * seen.still_open[done] <= seen.still_open[done - 1]:
        groups.verify(done)
        done += 1
        groups.lead(done)
        seen = groups.look()
    if seen.still_open[done]:
        groups.finish()
    return SelectedMaxima(groups.maximum_NS, groups.winner_NS)


class _Seen(NamedTuple):
    """What the host has read from the device.

    Attributes:
        still_open: number of open groups after each round.
        may_overflow: see `Problem`.
        more: whether any of the additional values is not 0.
    """

    still_open: list[int]
    may_overflow: bool
    more: bool


class _Groups:
    """State of the (document, feature) groups and of the tokens."""

    def __init__(self, problem: Problem, selection: Selection, tuning: TritonTuning) -> None:
        self.problem, self.selection, self.tuning = problem, selection, tuning
        device, n_tokens = problem.x_TD.device, problem.n_tokens
        n_documents, n_selected = selection.n_documents, selection.features_S.numel()
        # launched first, so that the GPU is busy meanwhile
        self.weights = encoder_weights(problem, tuning)
        self.pre_TS = torch.empty(n_tokens, n_selected, device=device)
        pre_activations(problem.x_TD, selected_rows(self.weights, selection.features_S), self.pre_TS)
        self.largest_1 = problem.largest_entry()
        self.starts = torch.empty(n_documents + 1, dtype=torch.int32, device=device)
        self.maximum_NS = torch.empty(n_documents, n_selected, device=device)
        self.winner_NS = torch.empty(n_documents, n_selected, dtype=torch.int64, device=device)
        # Rows are padded to 16 bytes here and below: kernels are specialised on the alignment of their pointers.
        whole_T = -(-n_tokens // 4) * 4
        self.refuted_T, self.member_T = torch.empty(2, whole_T, dtype=torch.int64, device=device)
        self.used_LT = torch.empty(tuning.rounds + 2, whole_T, dtype=torch.int32, device=device)
        self.value_TQ = torch.empty(n_tokens, tuning.slots, device=device)
        self.asked_TQ = torch.empty(n_tokens, tuning.slots, dtype=torch.int32, device=device)
        self.most = n_tokens // tuning.asked_share
        self.room = max(1, min(tuning.room, self.most, self.maximum_NS.numel()))
        self.token_R = torch.empty(self.room, dtype=torch.int32, device=device)
        self.begin()

    def begin(self) -> None:
        """Initialise the state: every group is open."""
        # per round: queued tokens, open groups; last, whether documents are out of order
        self.counts = torch.zeros(self.tuning.rounds + 3, 4, dtype=torch.int32, device=self.starts.device)
        sizes = (self.problem.n_tokens + 1, self.maximum_NS.numel(), self.used_LT.numel())
        launch(
            begin, (triton.cdiv(max(sizes), self.tuning.begin_size), 1, 1), self.selection.documents_T, self.starts,
            self.refuted_T, self.member_T, self.used_LT, self.maximum_NS, self.winner_NS, self.counts[-1],
            self.problem.n_tokens, self.selection.n_documents, *sizes[1:],
            constants={
                "NOTHING": NONE, "EVERYTHING": _EVERYTHING, "OPEN": _OPEN, "SIZE": self.tuning.begin_size,
            },
        )  # fmt: skip

    def lead(self, number: int) -> None:
        """Close the groups whose leader is a known member, and queue the other leaders."""
        (n_documents, n_selected), tuning = self.maximum_NS.shape, self.tuning
        launch(
            find_leaders, (n_documents, triton.cdiv(n_selected, tuning.leader_columns), 1), self.pre_TS,
            self.selection.floors_S, self.selection.features_S, self.starts, self.refuted_T,
            self.member_T, self.maximum_NS, self.winner_NS, self.used_LT[number], self.value_TQ, self.asked_TQ,
            self.token_R, self.counts[number], n_selected, self.room,
            constants={
                "OPEN": _OPEN, "SLOTS": tuning.slots, "ROWS": tuning.leader_rows, "COLUMNS": tuning.leader_columns,
            },
        )  # fmt: skip

    def verify(self, number: int) -> None:
        """Count the features that rank before the queued leaders, unless there are too many, and update the state."""
        x_TD, k, counts, used_T = self.problem.x_TD, self.problem.k, self.counts[number], self.used_LT[number]
        slots, (gathered_RD, row_value_RQ, row_asked_RQ, row_count_RQ) = self.tuning.slots, self._rows
        launch(
            gather_asked, (self.room, 1, 1), x_TD, self.token_R, used_T, self.value_TQ, self.asked_TQ, counts,
            gathered_RD, row_value_RQ, row_asked_RQ, row_count_RQ, x_TD.shape[1], x_TD.stride(0), x_TD.stride(1),
            gathered_RD.shape[1], self.room, self.most,
            constants={"SLOTS": slots, "WIDTH": triton.next_power_of_2(gathered_RD.shape[1])},
        )  # fmt: skip
        count_before(
            gathered_RD, self.weights, row_value_RQ, row_asked_RQ, row_count_RQ, counts, most=self.most
        )
        launch(
            learn, (triton.cdiv(self.room, self.tuning.learn_rows), 1, 1), self.token_R, used_T, counts,
            row_value_RQ, row_asked_RQ, row_count_RQ, self.refuted_T, self.member_T, k, self.room, self.most,
            constants={"SLOTS": slots, "ROWS": self.tuning.learn_rows},
        )  # fmt: skip

    @cached_property
    def _rows(self) -> tuple[torch.Tensor, ...]:
        """Buffers for the queued tokens' residuals, and for values, features and counts of the queued pairs."""
        device, slots = self.problem.x_TD.device, self.tuning.slots
        width = -(-self.weights.depth // _WHOLE) * _WHOLE
        return (
            torch.empty(self.room, width, dtype=self.weights.dtype, device=device),
            torch.empty(self.room, slots, device=device),
            torch.empty(self.room, slots, dtype=torch.int32, device=device),
            torch.empty(self.room, slots, dtype=torch.int32, device=device),
        )

    def look(self, *more_1: torch.Tensor) -> _Seen:
        """Synchronise with the GPU and read everything at once.

        Args:
            more_1: additional values, float32 `[1]` each; `_Seen.more` tells whether any is not 0.

        Raises:
            ValueError: residuals are not finite, or documents are out of order or range.
        """
        numbers = [number_1.view(torch.int32) for number_1 in (self.largest_1, *more_1)]
        read = torch.cat((self.counts.flatten(), *numbers)).tolist()
        n_counts = self.counts.numel()
        if read[n_counts - 4]:
            self.selection.check_order()
        (largest,) = struct.unpack("f", struct.pack("i", read[n_counts]))
        return _Seen(
            still_open=read[1:n_counts:4],
            may_overflow=self.problem.may_overflow(largest * self.problem.x_TD.shape[1] ** 0.5),
            more=any(read[n_counts + 1 :]),
        )

    def settle(self, last_T: torch.Tensor) -> None:
        """Set the state of all tokens from the key of their last member."""
        n_tokens = self.problem.n_tokens
        self.member_T[:n_tokens] = last_T
        torch.sub(last_T, 1, out=self.refuted_T[:n_tokens])

    def finish(self) -> None:
        """Encode the tokens that may still decide a group, after filtering by the hot features if that pays."""
        tokens_R = self.undecided()
        n_hot = self.problem.n_features // self.tuning.gate_share
        if tokens_R.numel() >= self.tuning.gate_tokens and n_hot >= self.problem.k:
            self._refute_by(self._hot_features(tokens_R, n_hot), tokens_R)
            tokens_R = self.undecided()
        last_R = topk_keys(self.problem.x_TD[tokens_R], self.weights, self.problem.k, self.tuning)[:, -1]
        self.member_T[tokens_R], self.refuted_T[tokens_R] = last_R, last_R - 1
        self.lead(self.tuning.rounds + 1)

    def undecided(self) -> torch.Tensor:
        """The tokens with an undecided pair that may lead an open group."""
        n_tokens, n_selected = self.pre_TS.shape
        undecided_T = torch.empty(n_tokens, dtype=torch.int32, device=self.pre_TS.device)
        launch(
            find_undecided, (triton.cdiv(n_tokens, self.tuning.leader_rows), 1, 1), self.pre_TS,
            self.selection.floors_S, self.selection.features_S, self.selection.documents_T, self.refuted_T,
            self.member_T, self.winner_NS, undecided_T, n_tokens, n_selected,
            constants={"OPEN": _OPEN, "ROWS": self.tuning.leader_rows, "COLUMNS": self.tuning.leader_columns},
        )  # fmt: skip
        return undecided_T.nonzero().flatten()

    def _hot_features(self, tokens_R: torch.Tensor, n_hot: int) -> torch.Tensor:
        """The features that are most often active on a sample of the tokens; affects speed only."""
        sample_R = tokens_R[:: max(1, tokens_R.numel() // self.tuning.gate_sample)]
        launched = launch_topk(self.problem.x_TD[sample_R], self.weights, self.problem.k, self.tuning)
        active = key_indices(launched.keys_RK).flatten()
        held_F = torch.zeros(self.problem.n_features, device=active.device)
        held_F.index_add_(0, active, torch.ones_like(active, dtype=held_F.dtype))
        return held_F.topk(n_hot).indices

    def _refute_by(self, features_H: torch.Tensor, tokens_R: torch.Tensor) -> None:
        """Refute pairs smaller than the k-th largest pre-activation over some features.

        Both values come from the same loop over D: equal inputs give equal bits, so no tolerance is needed. A row that
        overflowed holds the k-th largest over fewer features, which is a valid bound too.
        """
        weights = self.weights[features_H]
        launched = launch_topk(self.problem.x_TD[tokens_R], weights, self.problem.k, self.tuning)
        below_R = ((launched.keys_RK[:, -1] >> 32) << 32) - 1  # above smaller values' keys, below equal ones'
        self.refuted_T[tokens_R] = torch.maximum(self.refuted_T[tokens_R], below_R)
