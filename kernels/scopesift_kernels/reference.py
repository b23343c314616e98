"""The reference back end in plain torch: every pre-activation and a stable sort.

The other back ends are tested against it. It also runs encodes whose pre-activations may overflow float32, since it
checks every one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from scopesift_kernels.document_pool import pool_documents
from scopesift_kernels.precision import full_float32
from scopesift_kernels.problems import Inputs, JumpReLUProblem, Problem, Selection
from scopesift_kernels.results import ActiveFeatures, SelectedMaxima, TopK, row_starts


@dataclass(frozen=True)
class ReferenceBackend:
    """All encodes on any device.

    Attributes:
        elements_at_once: elements of `[T, F]` in memory at a time. Tokens are independent: slabs change no result.
    """

    name: ClassVar[str] = "reference"
    checks_inputs: ClassVar[bool] = False
    elements_at_once: int = 2**25

    def topk(self, problem: Problem) -> TopK:
        """Encode every token; see `scopesift_kernels.encode_topk`."""
        device = problem.x_TD.device
        values_TK = torch.empty(problem.n_tokens, problem.k, device=device)
        indices_TK = torch.empty(problem.n_tokens, problem.k, dtype=torch.int64, device=device)
        for rows, pre_RF in self._pre_activations(problem):
            pre_RK, indices_TK[rows] = _largest(pre_RF, problem.k)
            values_TK[rows] = torch.relu(pre_RK)
        return TopK(values_TK, indices_TK)

    def selected(self, problem: Problem, selection: Selection) -> SelectedMaxima:
        """Pool selected features over documents; see `scopesift_kernels.encode_selected`."""
        acts_TS = torch.zeros(problem.n_tokens, selection.features_S.numel(), device=problem.x_TD.device)
        for rows, pre_RF in self._pre_activations(problem):
            active_RF = torch.zeros_like(pre_RF, dtype=torch.bool)
            active_RF.scatter_(1, _largest(pre_RF, problem.k)[1], True)
            pre_RS = pre_RF[:, selection.features_S]
            counts_RS = active_RF[:, selection.features_S] & (pre_RS > selection.floors_S)
            acts_TS[rows] = torch.where(counts_RS, pre_RS, 0.0)
        return pool_documents(acts_TS, selection.documents_T, selection.n_documents)

    def jumprelu(self, problem: JumpReLUProblem) -> ActiveFeatures:
        """Encode every token; see `scopesift_kernels.encode_jumprelu`."""
        acts_TF = torch.cat(
            [torch.zeros(0, problem.n_features, device=problem.x_TD.device)]
            + [
                torch.where(pre_RF > problem.threshold_F, pre_RF, 0.0)
                for _, pre_RF in self._pre_activations(problem)
            ]
        )
        token_E, index_E = acts_TF.nonzero(as_tuple=True)
        counts_T = torch.bincount(token_E, minlength=problem.n_tokens)
        return ActiveFeatures(acts_TF[token_E, index_E], index_E, row_starts(counts_T))

    def selected_jumprelu(self, problem: JumpReLUProblem, selection: Selection) -> SelectedMaxima:
        """Pool selected features over documents; see `scopesift_kernels.encode_selected_jumprelu`."""
        acts_TS = torch.zeros(problem.n_tokens, selection.features_S.numel(), device=problem.x_TD.device)
        lowest_S = torch.maximum(problem.threshold_F[selection.features_S], selection.floors_S)
        for rows, pre_RF in self._pre_activations(problem):
            pre_RS = pre_RF[:, selection.features_S]
            acts_TS[rows] = torch.where(pre_RS > lowest_S, pre_RS, 0.0)
        return pool_documents(acts_TS, selection.documents_T, selection.n_documents)

    def _pre_activations(self, problem: Inputs) -> Iterator[tuple[slice, torch.Tensor]]:
        W_DF = problem.W_enc_FD.float().T
        at_once = max(1, self.elements_at_once // problem.n_features)
        for start in range(0, problem.n_tokens, at_once):
            rows = slice(start, min(start + at_once, problem.n_tokens))
            with full_float32(problem.x_TD.device):
                pre_RF = problem.x_TD[rows].float() @ W_DF + problem.b_enc_F
            if not bool(torch.isfinite(pre_RF).all()):
                raise ValueError("finite x_TD and W_enc_FD give pre-activations beyond float32: rescale them")
            yield rows, pre_RF


def _largest(pre_RF: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    # A stable descending sort keeps equal values in index order: ties go to the lowest index.
    values_RF, indices_RF = pre_RF.sort(dim=1, descending=True, stable=True)
    return values_RF[:, :k], indices_RF[:, :k]
