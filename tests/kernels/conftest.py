"""Data whose right answer is beyond doubt, and the float64 oracle."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
import torch
from scopesift_kernels.triton.tuning import TileShape, TritonTuning

if TYPE_CHECKING:
    from scopesift_kernels.triton.backend import TritonBackend

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when triton is imported

Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


# a Triton back end that small data cross all borders of
TILE = TileShape(
    rows=64, columns=32, depth=16, warps=4, stages=2, group=2
)  # the least for a GPU's tensor cores
SMALL = TritonTuning(
    half=TILE,
    full=TILE,
    chunk=64,
    blocks=(8, 4),
    bound_share=2,
    bound_tokens=1,
    bound_rows=2,
    least_width=32,
    most_pre_activations=3 * 64,
    least_pre_activations=3 * 64,
    few_tokens=0,
    many_features=0,
    pairs_at_once=64,
    rounds=2,
    asked_share=1,
    room=5,
    gate_tokens=3,
    gate_share=4,
    gate_sample=2,
    leader_rows=2,
    leader_columns=2,
    learn_rows=2,
    begin_size=4,
)


class Case(NamedTuple):
    x_TD: torch.Tensor
    W_enc_FD: torch.Tensor
    b_enc_F: torch.Tensor


def make_whole(
    t: int, d: int, f: int, seed: int = 0, span: int = 2, dtype: torch.dtype = torch.float32
) -> Case:
    """Small whole numbers: every product and sum is exact in any order and dtype, and ties abound."""
    g = torch.Generator().manual_seed(seed)
    shapes = ((t, d), (f, d), (f,))
    return Case(*(torch.randint(-span, span + 1, shape, generator=g).to(dtype) for shape in shapes))


def make_normal(t: int, d: int, f: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Case:
    g = torch.Generator().manual_seed(seed)
    x, W, b = (torch.randn(shape, generator=g) for shape in ((t, d), (f, d), (f,)))
    return Case(x.to(dtype), (W / d**0.5).to(dtype), (0.1 * b).to(dtype))


def check_topk_against_float64(case: Case, k: int, values: torch.Tensor, indices: torch.Tensor) -> None:
    """Every choice is right up to float32 rounding of the two pre-activations that it ranks, in whatever order it adds.

    One value may be off by D * 2**-24 of its terms' magnitudes (Higham, Accuracy and Stability, 3.1). Of many the
    errors are mostly smaller: roundings go up as often as down, so that they grow with the root of D (Higham and Mary,
    A New Approach to Probabilistic Rounding Error Analysis, 2019).
    """
    x, W, b = case.x_TD.double(), case.W_enc_FD.double(), case.b_enc_F.double()
    pre = x @ W.T + b
    slack = 2 * (x.shape[1] + 2) * 2.0**-24 * (x.abs() @ W.abs().T + b.abs()).amax(dim=1, keepdim=True)
    assert indices.shape == values.shape == (x.shape[0], k)
    assert all(len(set(row)) == k for row in indices.tolist())
    chosen = pre.gather(1, indices)
    assert bool((chosen >= pre.topk(k, dim=1).values[:, -1:] - slack).all())
    assert bool((chosen[:, 1:] <= chosen[:, :-1] + slack).all())
    error = values - torch.relu(chosen)
    assert bool((error.abs() <= slack).all())
    assert float(error.square().mean().sqrt()) <= x.shape[1] ** 0.5 * 2.0**-24 * float(chosen.abs().max())


@pytest.fixture(scope="session")
def whole() -> Callable[..., Case]:
    return make_whole


@pytest.fixture(scope="session")
def normal() -> Callable[..., Case]:
    return make_normal


@pytest.fixture(scope="session")
def float64_check() -> Callable[..., None]:
    return check_topk_against_float64


def _triton_missing() -> str | None:
    if importlib.util.find_spec("triton") is None:
        return "triton isn't installed"
    if torch.cuda.is_available():
        return None
    if importlib.metadata.version("triton") < "3.7" and np.lib.NumpyVersion(np.__version__) >= "2.4.0":
        return "the interpreter of Triton below 3.7 doesn't work with NumPy 2.4 and above"
    if "triton" in sys.modules and not sys.modules["triton"].knobs.runtime.interpret:
        return "triton was imported before TRITON_INTERPRET=1 was set"
    return None


@pytest.fixture
def triton_here() -> None:
    """Skips what needs Triton, compiled or interpreted, where neither works."""
    reason = _triton_missing()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture
def small_triton(triton_here: None) -> TritonBackend:
    """Every size as small as it may be."""
    from scopesift_kernels.triton.backend import TritonBackend

    return TritonBackend(SMALL)
