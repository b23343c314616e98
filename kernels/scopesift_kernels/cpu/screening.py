"""Selected features on the CPU without the full encode: screening, then verification.

1. Compute the S columns. Only pairs (token, feature) above the feature's floor count.
2. The answer of a (document, feature) group is its largest pair that is in its token's top-k (a member). If there are
   few leaders, the largest undecided pairs of the groups, their tokens are encoded first, which decides all pairs of
   these tokens.
3. The tokens that are still undecided are encoded. A token is dropped as soon as k features are larger than its
   largest undecided pair, which for most takes a part of the features only.

Only work whose outcome is known is skipped, so the result is that of the full encode.
"""

from __future__ import annotations

import torch

from scopesift_kernels.cpu.topk import topk_keys
from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.document_pool import pool_documents
from scopesift_kernels.problems import Inputs, Problem, Selection
from scopesift_kernels.rank_keys import NONE, key_indices
from scopesift_kernels.results import SelectedMaxima


def screen(problem: Problem, selection: Selection, tuning: CpuTuning) -> SelectedMaxima:
    """Pool selected features over documents, encoding as few tokens as possible."""
    groups = _Groups(problem, selection, tuning)
    undecided_TS, members = groups.undecided(), 1.0
    while members > tuning.members:
        n_undecided = int(undecided_TS.any(dim=1).sum())
        leaders_NS = groups.leaders().tokens_NS
        leaders_NS = leaders_NS.masked_fill(groups.encoded_T[leaders_NS], -1)
        tokens_R = leaders_NS[leaders_NS >= 0].unique()
        if n_undecided <= tuning.few or tokens_R.numel() * tuning.undecided_per_leader > n_undecided:
            break
        groups.encode(tokens_R, undecided_TS)
        members = groups.member_share(leaders_NS)
        undecided_TS = groups.undecided()
    groups.encode(undecided_TS.any(dim=1).nonzero().flatten(), undecided_TS)
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
        asked_U, self.column_S = selection.features_S.unique(return_inverse=True)
        self.n_asked = asked_U.numel()
        # one more place, for what is in no top-k
        self.place_F = torch.full((problem.n_features + 1,), self.n_asked, dtype=torch.int64)
        self.place_F[asked_U] = torch.arange(self.n_asked)

    def leaders(self) -> SelectedMaxima:
        """The largest alive pair of each group."""
        return self._largest(self.alive_TS)

    def undecided(self) -> torch.Tensor:
        """Pairs that may be the answer of their group, on tokens that are not encoded: bool `[T, S]`."""
        tokens_NS, documents_T = self.leaders().tokens_NS, self.selection.documents_T
        open_NS = (tokens_NS >= 0) & ~self.encoded_T[tokens_NS]
        known_NS = self._largest(self.alive_TS & self.encoded_T[:, None]).maxima_NS
        may_TS = self.alive_TS & open_NS[documents_T] & (self.pre_TS >= known_NS[documents_T])
        return may_TS & ~self.encoded_T[:, None]

    def member_share(self, leaders_NS: torch.Tensor) -> float:
        """Share of members among leaders; tokens `[N, S]`, -1 for none."""
        on_NS = leaders_NS >= 0
        return float(self.alive_TS[leaders_NS[on_NS], on_NS.nonzero(as_tuple=True)[1]].double().mean())

    def encode(self, tokens_R: torch.Tensor, undecided_TS: torch.Tensor) -> None:
        """Decide all undecided pairs of some tokens; pairs that can't be the answer may be dropped with them."""
        if not tokens_R.numel():
            return
        asked_R = self.pre_TS[tokens_R].masked_fill(~undecided_TS[tokens_R], float("-inf")).amax(dim=1)
        keys_RK = topk_keys(self.problem, tokens_R, self.tuning, asked_R)
        active_RK = key_indices(keys_RK).masked_fill_(keys_RK == NONE, self.problem.n_features)
        member_RU = torch.zeros(tokens_R.numel(), self.n_asked + 1, dtype=torch.bool)
        member_RU.scatter_(1, self.place_F[active_RK], True)
        self.alive_TS[tokens_R] &= member_RU[:, self.column_S]
        self.encoded_T[tokens_R] = True

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
