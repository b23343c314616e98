"""Selected features on the CPU without the full encode: screening, then verification.

1. Compute the S columns. Only pairs (token, feature) above the feature's floor count.
2. The answer of a (document, feature) group is its largest pair that is in its token's top-k (a member). The token of
the largest undecided pair, the group's leader, is encoded, which decides all pairs of that token; this is repeated
until the largest remaining pair is a member.
3. If few leaders are members, or too many tokens remain, a cheaper test runs first: the k-th largest pre-activation
over the features that are most often active (hot features) is a lower bound of the k-th largest over all.

Only work whose outcome is known is skipped, so the result is that of the full encode.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from scopesift_kernels.cpu.rounding import float32_error
from scopesift_kernels.cpu.topk import topk_keys
from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.document_pool import pool_documents
from scopesift_kernels.problems import Inputs, Problem, Selection
from scopesift_kernels.rank_keys import key_indices, key_values
from scopesift_kernels.results import SelectedMaxima


def screen(problem: Problem, selection: Selection, tuning: CpuTuning) -> SelectedMaxima:
    """Pool selected features over documents, encoding as few tokens as possible."""
    groups = _Groups(problem, selection, tuning)
    rest_R, members = groups.undecided(), 1.0
    least, most = tuning.few // 2, tuning.few
    while rest_R.numel() > tuning.few and members > tuning.members:
        members = groups.ask(rest_R, least, most)
        least, most = 0, problem.n_tokens
        rest_R = groups.undecided()
    if rest_R.numel() > tuning.few:
        groups.refute(rest_R)
        rest_R = groups.undecided()
    groups.encode(rest_R)
    return groups.leaders()


class _Groups:
    """State of the (document, feature) groups and their pairs.

    A pair is alive if it may still be the answer of its group; on an encoded token those are the members.
    """

    def __init__(self, problem: Problem, selection: Selection, tuning: CpuTuning) -> None:
        self.problem, self.selection, self.tuning = problem, selection, tuning
        self.pre_TS = pre_activations(problem, selection.features_S, tuning.slab)
        self.alive_TS = self.pre_TS > selection.floors_S
        self.encoded_T = torch.zeros(problem.n_tokens, dtype=torch.bool)
        self.held_F = torch.zeros(problem.n_features, dtype=torch.int64)
        asked_U, self.column_S = selection.features_S.unique(return_inverse=True)
        self.n_asked = asked_U.numel()
        self.place_F = torch.full((problem.n_features,), self.n_asked, dtype=torch.int64)
        self.place_F[asked_U] = torch.arange(self.n_asked)

    def leaders(self) -> SelectedMaxima:
        """The largest alive pair of each group."""
        return self._largest(self.alive_TS)

    def undecided(self) -> torch.Tensor:
        """Tokens that are not encoded and have a pair that may be the answer of its group, ascending."""
        tokens_NS, documents_T = self.leaders().tokens_NS, self.selection.documents_T
        open_NS = (tokens_NS >= 0) & ~self.encoded_T[tokens_NS]
        known_NS = self._largest(self.alive_TS & self.encoded_T[:, None]).maxima_NS
        may_TS = self.alive_TS & open_NS[documents_T] & (self.pre_TS >= known_NS[documents_T])
        return (may_TS.any(dim=1) & ~self.encoded_T).nonzero().flatten()

    def ask(self, undecided_R: torch.Tensor, least: int, most: int) -> float:
        """Encode undecided tokens, those with leaders first; returns the share of leaders that are members."""
        tokens_NS = self.leaders().tokens_NS
        asked_R = tokens_NS[(tokens_NS >= 0) & ~self.encoded_T[tokens_NS]].unique()
        asked_R = asked_R[:: -(-asked_R.numel() // most)]
        missing = min(least - asked_R.numel(), undecided_R.numel())
        if missing > 0:
            largest_R = torch.where(self.alive_TS, self.pre_TS, 0.0)[undecided_R].amax(dim=1)
            asked_R = torch.cat((asked_R, undecided_R[largest_R.topk(missing).indices])).unique()
        self.encode(asked_R)
        on_NS = (tokens_NS >= 0) & torch.isin(tokens_NS, asked_R)
        column_P = on_NS.nonzero(as_tuple=True)[1]
        return float(self.alive_TS[tokens_NS[on_NS], column_P].double().mean())

    def encode(self, tokens_R: torch.Tensor) -> None:
        """Decide all pairs of some tokens."""
        if not tokens_R.numel():
            return
        active_RK = key_indices(topk_keys(self.problem, tokens_R, self.tuning))
        self.held_F += torch.bincount(active_RK.flatten(), minlength=self.problem.n_features)
        member_RU = torch.zeros(tokens_R.numel(), self.n_asked + 1, dtype=torch.bool)
        member_RU.scatter_(1, self.place_F[active_RK], True)
        self.alive_TS[tokens_R] &= member_RU[:, self.column_S]
        self.encoded_T[tokens_R] = True

    def refute(self, tokens_R: torch.Tensor) -> None:
        """Drop the pairs of some tokens that are smaller than the k-th largest over the hot features."""
        problem = self.problem
        held_F, hot_F = self.held_F.sort(descending=True)
        n_hot = int((held_F.cumsum(0) < self.tuning.held * held_F.sum()).sum()) + 1
        n_hot = max(min(n_hot, problem.n_features // self.tuning.hot_share), problem.k)
        hot_H = hot_F[:n_hot]
        some = replace(problem, W_enc_FD=problem.W_enc_FD[hot_H], b_enc_F=problem.b_enc_F[hot_H])
        # Hot and selected features come from different products, and so does the full encode: a pair closer to the
        # bound than the sum of their errors is not dropped.
        error_R = float32_error(problem, problem.x_norm_T[tokens_R])
        bound_R = key_values(topk_keys(some, tokens_R, self.tuning)[:, -1]) - 4.0 * error_R
        self.alive_TS[tokens_R] &= self.pre_TS[tokens_R] >= bound_R[:, None]

    def _largest(self, pairs_TS: torch.Tensor) -> SelectedMaxima:
        values_TS = torch.where(pairs_TS, self.pre_TS, 0.0)
        return pool_documents(values_TS, self.selection.documents_T, self.selection.n_documents)


def pre_activations(problem: Inputs, features_S: torch.Tensor, slab: int) -> torch.Tensor:
    """Float32 pre-activations `[T, S]` of some features."""
    W_DS = problem.W_enc_FD[features_S].float().T
    pre_TS = torch.empty(problem.n_tokens, features_S.numel())
    for start in range(0, problem.n_tokens, slab):
        rows = slice(start, start + slab)
        torch.mm(problem.x_TD[rows].float(), W_DS, out=pre_TS[rows])
    return pre_TS.add_(problem.b_enc_F[features_S])
