"""The CPU back end."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import torch

from scopesift_kernels.cpu import jumprelu
from scopesift_kernels.cpu.full_encode import is_cheaper, read_off
from scopesift_kernels.cpu.screening import screen
from scopesift_kernels.cpu.topk import topk_keys
from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.document_slabs import in_slabs
from scopesift_kernels.precision import full_float32
from scopesift_kernels.problems import JumpReLUProblem, Problem, Selection
from scopesift_kernels.rank_keys import key_indices, key_values
from scopesift_kernels.results import ActiveFeatures, SelectedMaxima, TopK

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class CpuBackend:
    """All encodes on CPU tensors."""

    name: ClassVar[str] = "cpu"
    checks_inputs: ClassVar[bool] = False
    tuning: CpuTuning = field(default_factory=CpuTuning)

    def topk(self, problem: Problem) -> TopK:
        """Encode every token; see `scopesift_kernels.encode_topk`."""
        with full_float32(_CPU):
            keys_TK = topk_keys(problem, slice(None), self.tuning)
        return TopK(torch.relu(key_values(keys_TK)), key_indices(keys_TK))

    def selected(self, problem: Problem, selection: Selection) -> SelectedMaxima:
        """Pool selected features over documents; see `scopesift_kernels.encode_selected`."""
        with full_float32(_CPU):
            if is_cheaper(problem, selection, self.tuning):
                return read_off(problem, selection, self.tuning)
            way = partial(screen, tuning=self.tuning)
            return in_slabs(problem, selection, self.tuning.pairs_at_once, way)

    def jumprelu(self, problem: JumpReLUProblem) -> ActiveFeatures:
        """Encode every token; see `scopesift_kernels.encode_jumprelu`."""
        with full_float32(_CPU):
            return jumprelu.encode(problem, self.tuning)

    def selected_jumprelu(self, problem: JumpReLUProblem, selection: Selection) -> SelectedMaxima:
        """Pool selected features over documents; see `scopesift_kernels.encode_selected_jumprelu`."""
        with full_float32(_CPU):
            return jumprelu.selected(problem, selection, self.tuning)
