"""The back ends, and the choice among them."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from typing import ClassVar, Protocol, cast

import torch

from scopesift_kernels.interpreter import interpreted
from scopesift_kernels.problems import Inputs, JumpReLUProblem, Problem, Selection
from scopesift_kernels.results import ActiveFeatures, SelectedMaxima, TopK

# Module and class names, imported on first use: Triton is optional and slow to import.
_BACKENDS = {
    "reference": ("scopesift_kernels.reference", "ReferenceBackend"),
    "cpu": ("scopesift_kernels.cpu.backend", "CpuBackend"),
    "triton": ("scopesift_kernels.triton.backend", "TritonBackend"),
}


class Backend(Protocol):
    """Interface of a back end.

    Attributes:
        name: one of `backends()`.
        checks_inputs: whether it checks residuals and documents itself during the encode, and passes inputs that may
            overflow to the reference, which checks every pre-activation.
    """

    name: ClassVar[str]
    checks_inputs: ClassVar[bool]

    def topk(self, problem: Problem) -> TopK:
        """Encode every token."""

    def selected(self, problem: Problem, selection: Selection) -> SelectedMaxima:
        """Pool selected features over documents."""

    def jumprelu(self, problem: JumpReLUProblem) -> ActiveFeatures:
        """Encode every token."""

    def selected_jumprelu(self, problem: JumpReLUProblem, selection: Selection) -> SelectedMaxima:
        """Pool selected features over documents."""


def backends() -> tuple[str, ...]:
    """Names of the back ends that can run here, the reference first."""
    return tuple(name for name in _BACKENDS if _missing(name) is None)


def pick(problem: Inputs, backend: str | Backend | None) -> Backend:
    """The back end by name or as given; None: the fastest for the tensors' device.

    Raises:
        ValueError: an unknown one, or one that can't run here.
    """
    name = _fastest(problem) if backend is None else getattr(backend, "name", backend)
    if name not in _BACKENDS:
        raise ValueError(f"backend has to be one of {', '.join(backends())}, not {name!r}")
    reason = _missing(name)
    if reason is None and name != "reference" and problem.x_TD.device.type != _device(name):
        reason = f"the tensors are on {problem.x_TD.device}"
    if reason is not None:
        raise ValueError(f"backend {name!r} can't run here: {reason}; these can: {', '.join(backends())}")
    return _load(name) if backend is None or isinstance(backend, str) else backend


def pick_for(problem: Inputs, backend: str | Backend | None, selection: Selection | None = None) -> Backend:
    """The back end to run: `pick`, or the reference if a pre-activation may overflow and the back end doesn't check.

    Args:
        problem: the inputs.
        backend: as `pick`.
        selection: of a selected encode; its documents are checked unless the back end does so.

    Raises:
        ValueError: as `pick`, residuals that are not finite, or documents out of order or range.
    """
    chosen = pick(problem, backend)
    if chosen.checks_inputs:
        return chosen
    if selection is not None:
        selection.check_order()
    return _load("reference") if problem.may_overflow(problem.x_norm) else chosen


@cache
def _load(name: str) -> Backend:
    module, backend = _BACKENDS[name]
    return cast(Backend, getattr(importlib.import_module(module), backend)())


def _fastest(problem: Inputs) -> str:
    device = problem.x_TD.device.type
    if device == "cuda" and _missing("triton") is None:
        return "triton"
    return "cpu" if device == "cpu" else "reference"


def _missing(name: str) -> str | None:
    """Why a back end can't run here, None if it can."""
    if name != "triton":
        return None
    if importlib.util.find_spec("triton") is None:
        return "triton isn't installed"
    if not torch.cuda.is_available() and not interpreted():
        return "there is no CUDA device (TRITON_INTERPRET=1 runs the kernels in Triton's interpreter)"
    return None


def _device(name: str) -> str:
    return "cuda" if name == "triton" and not interpreted() else "cpu"
