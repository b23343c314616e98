"""The Triton back end."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import torch
import triton

from scopesift_kernels.document_slabs import in_slabs
from scopesift_kernels.problems import JumpReLUProblem, Problem, Selection
from scopesift_kernels.reference import ReferenceBackend
from scopesift_kernels.results import ActiveFeatures, SelectedMaxima, TopK
from scopesift_kernels.triton import jumprelu
from scopesift_kernels.triton.candidates import unpack_keys
from scopesift_kernels.triton.launch import launch
from scopesift_kernels.triton.selected import encode_all, screen
from scopesift_kernels.triton.topk import launch_topk
from scopesift_kernels.triton.tuning import TritonTuning
from scopesift_kernels.triton.weights import encoder_weights


@dataclass(frozen=True)
class TritonBackend:
    """All encodes on a CUDA device, or on CPU tensors in Triton's interpreter."""

    name: ClassVar[str] = "triton"
    checks_inputs: ClassVar[bool] = True
    tuning: TritonTuning = field(default_factory=TritonTuning)

    def topk(self, problem: Problem) -> TopK:
        """Encode every token; see `scopesift_kernels.encode_topk`."""
        with _current(problem.x_TD.device):
            largest_1 = problem.largest_entry()  # while the host prepares the product
            weights = encoder_weights(problem, self.tuning)
            launched = launch_topk(problem.x_TD, weights, problem.k, self.tuning)
            top = _unpacked(launched.keys_RK, self.tuning.keys_at_once)
            largest, spills = torch.cat((largest_1, launched.spills_1)).tolist()
            if problem.may_overflow(largest * problem.x_TD.shape[1] ** 0.5):
                return ReferenceBackend().topk(problem)
            if spills:
                launched.repair()
                top = _unpacked(launched.keys_RK, self.tuning.keys_at_once)
        return top

    def selected(self, problem: Problem, selection: Selection) -> SelectedMaxima:
        """Pool selected features over documents; see `scopesift_kernels.encode_selected`."""
        n_selected, n_tokens, tuning = selection.features_S.numel(), problem.n_tokens, self.tuning
        many = n_selected * tuning.many_features >= problem.n_features
        way = partial(encode_all if many or n_tokens <= tuning.few_tokens else screen, tuning=tuning)
        with _current(problem.x_TD.device):
            if 0 < n_tokens * n_selected <= tuning.pairs_at_once and selection.n_documents:
                return way(problem, selection)
            selection.check_order()  # `in_slabs` would check each slab only by itself
            if problem.may_overflow(problem.x_norm):
                return ReferenceBackend().selected(problem, selection)
            if not n_selected:
                none_NS = torch.zeros(selection.n_documents, 0, device=problem.x_TD.device)
                return SelectedMaxima(none_NS, none_NS.long())
            return in_slabs(problem, selection, tuning.pairs_at_once, way)

    def jumprelu(self, problem: JumpReLUProblem) -> ActiveFeatures:
        """Encode every token; see `scopesift_kernels.encode_jumprelu`."""
        with _current(problem.x_TD.device):
            if problem.may_overflow(problem.x_norm):
                return ReferenceBackend().jumprelu(problem)
            return jumprelu.encode(problem, self.tuning)

    def selected_jumprelu(self, problem: JumpReLUProblem, selection: Selection) -> SelectedMaxima:
        """Pool selected features over documents; see `scopesift_kernels.encode_selected_jumprelu`."""
        with _current(problem.x_TD.device):
            selection.check_order()
            if problem.may_overflow(problem.x_norm):
                return ReferenceBackend().selected_jumprelu(problem, selection)
            pool = partial(jumprelu.pool, tuning=self.tuning)
            return in_slabs(problem, selection, self.tuning.pairs_at_once, pool)


def _unpacked(keys_TK: torch.Tensor, at_once: int) -> TopK:
    shape, device = keys_TK.shape, keys_TK.device
    values_TK = torch.empty(shape, device=device)
    indices_TK = torch.empty(shape, dtype=torch.int64, device=device)
    if keys_TK.numel():
        grid = (triton.cdiv(keys_TK.numel(), at_once), 1, 1)
        launch(
            unpack_keys, grid, keys_TK, values_TK, indices_TK, keys_TK.numel(), constants={"SIZE": at_once}
        )
    return TopK(values_TK, indices_TK)


def _current(device: torch.device) -> AbstractContextManager[object]:
    """Triton launches on the current GPU, wherever the tensors are."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
