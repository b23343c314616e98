"""The pairs (token, feature) that may decide a document's maximum, in the order of verifying them."""

from __future__ import annotations

import torch

from scopesift_kernels.arguments import Selection


class CandidatePairs:
    """Candidates, those of one (document, feature) group together, the largest first, then the earliest."""

    def __init__(self, pre_TS: torch.Tensor, selection: Selection) -> None:
        token_P, column_P = (pre_TS > selection.floors_S).nonzero(as_tuple=True)
        pre_P = pre_TS[token_P, column_P]
        group_P = selection.documents_T[token_P] * selection.features_S.numel() + column_P
        # Stable sorts from the last criterion to the first; nonzero has put the tokens in order already.
        order_P = pre_P.argsort(descending=True, stable=True)
        order_P = order_P[group_P[order_P].argsort(stable=True)]
        self.token_P, self.pre_P = token_P[order_P], pre_P[order_P]
        self.feature_P = selection.features_S[column_P[order_P]]
        self.cell_G, self.group_P, size_G = group_P[order_P].unique_consecutive(
            return_inverse=True, return_counts=True
        )
        self.first_G = size_G.cumsum(0) - size_G
        self.alive_P = torch.ones_like(self.token_P, dtype=torch.bool)
        self.member_P = torch.zeros_like(self.alive_P)
        self.winner_G = torch.full_like(self.cell_G, -1)

    def before(self, mask_P: torch.Tensor) -> torch.Tensor:
        """How many pairs of the mask stand before each pair in its group."""
        upto_P = mask_P.cumsum(0) - mask_P.long()
        return upto_P - upto_P[self.first_G][self.group_P]

    def settle(self, on_P: torch.Tensor, member_O: torch.Tensor) -> None:
        """Record what is known of some pairs, and close the groups that are led by a member."""
        self.member_P[on_P] = member_O
        self.alive_P[on_P[~member_O]] = False
        leads_P = self.member_P & self.alive_P
        leads_P &= self.before(self.alive_P) == 0
        leader_G = leads_P.nonzero().flatten()
        self.winner_G[self.group_P[leader_G]] = leader_G
        self.alive_P &= (self.winner_G < 0)[self.group_P]

    def leading(self, width: int) -> torch.Tensor:
        """The first undecided pairs of each open group, up to `width` and up to its first member."""
        open_P = (
            self.alive_P
            & (self.before(self.alive_P) < width)
            & (self.before(self.member_P & self.alive_P) == 0)
        )
        return (open_P & ~self.member_P).nonzero().flatten()

    def on_tokens(self, tokens_R: torch.Tensor, n_tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The undecided pairs of some tokens, and the row of `tokens_R` of each."""
        row_T = torch.full((n_tokens,), -1, dtype=torch.int64, device=tokens_R.device)
        row_T[tokens_R] = torch.arange(tokens_R.numel(), device=tokens_R.device)
        row_P = row_T[self.token_P]
        on_P = (self.alive_P & ~self.member_P & (row_P >= 0)).nonzero().flatten()
        return on_P, row_P[on_P]
