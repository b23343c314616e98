"""The CPU back end."""

from __future__ import annotations

import torch

from scopesift_kernels.arguments import Problem, Selection
from scopesift_kernels.cpu_direct import is_cheaper, read_off
from scopesift_kernels.cpu_topk import SLAB, topk_keys
from scopesift_kernels.rank_keys import key_indices, key_values
from scopesift_kernels.results import SelectedMaxima, TopK
from scopesift_kernels.screening import holds, screen_slabs


def topk(problem: Problem) -> TopK:
    """Encode every token; see `scopesift_kernels.encode_topk`."""
    keys_TK = topk_keys(problem, slice(None))
    return TopK(torch.relu(key_values(keys_TK)), key_indices(keys_TK))


def selected(problem: Problem, selection: Selection) -> SelectedMaxima:
    """Pool selected features over documents; see `scopesift_kernels.encode_selected`."""
    if is_cheaper(problem, selection):
        return read_off(problem, selection)
    return screen_slabs(problem, selection, CpuEncoder)


class CpuEncoder:
    """The products that screening asks for, in float32."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def pre_activations(self, tokens_R: torch.Tensor | slice, features_S: torch.Tensor) -> torch.Tensor:
        """Float32 pre-activations `[R, S]` of some tokens and features."""
        x_RD = self.problem.x_TD[tokens_R]
        W_DS = self.problem.W_enc_FD[features_S].float().T
        pre_RS = torch.empty(x_RD.shape[0], features_S.numel())
        for start in range(0, x_RD.shape[0], SLAB):
            rows = slice(start, start + SLAB)
            torch.mm(x_RD[rows].float(), W_DS, out=pre_RS[rows])
        return pre_RS.add_(self.problem.b_enc_F[features_S])

    def active(self, tokens_R: torch.Tensor) -> torch.Tensor:
        """Indices `[R, k]` of the exact top-k of some tokens."""
        return key_indices(topk_keys(self.problem, tokens_R))

    def members(
        self, tokens_R: torch.Tensor, row_P: torch.Tensor, feature_P: torch.Tensor, pre_P: torch.Tensor
    ) -> torch.Tensor:
        """Whether each feature is in the top-k of token `tokens_R[row_P]`, by the values of one product."""
        return holds(self.active(tokens_R), row_P, feature_P, self.problem.n_features)
