"""Data whose right answer is beyond doubt, the float64 oracle, and tiles small enough for small data."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when triton is imported

Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


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
    """Every choice is right up to float32 rounding of the two pre-activations that it ranks."""
    x, W, b = case.x_TD.double(), case.W_enc_FD.double(), case.b_enc_F.double()
    pre = x @ W.T + b
    slack = 2 * (x.shape[1] + 2) * 2.0**-24 * (x.abs() @ W.abs().T + b.abs()).amax(dim=1, keepdim=True)
    assert indices.shape == values.shape == (x.shape[0], k)
    assert all(len(set(row)) == k for row in indices.tolist())
    chosen = pre.gather(1, indices)
    assert bool((chosen >= pre.topk(k, dim=1).values[:, -1:] - slack).all())
    assert bool((chosen[:, 1:] <= chosen[:, :-1] + slack).all())
    assert bool(((values - torch.relu(chosen)).abs() <= slack).all())


def rms_error(case: Case, values: torch.Tensor, indices: torch.Tensor) -> float:
    x, W, b = case.x_TD.double(), case.W_enc_FD.double(), case.b_enc_F.double()
    return float((values - torch.relu((x @ W.T + b).gather(1, indices))).square().mean().sqrt())


@pytest.fixture(scope="session")
def whole() -> Callable[..., Case]:
    return make_whole


@pytest.fixture(scope="session")
def normal() -> Callable[..., Case]:
    return make_normal


@pytest.fixture(scope="session")
def float64_check() -> Callable[..., None]:
    return check_topk_against_float64


@pytest.fixture(scope="session")
def float64_error() -> Callable[..., float]:
    return rms_error


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles, slabs and samples so small that a few tokens and features cross all their borders."""
    from scopesift_kernels import cpu, cpu_topk, screening

    for module, name, value in (
        (cpu_topk, "SLAB", 11),
        (cpu, "SLAB", 11),
        (cpu_topk, "TILE", 5),
        (cpu_topk, "CHUNK", 32),
        (cpu_topk, "BLOCK", 4),
        (cpu_topk, "AT_ONCE", 64),
        (screening, "_SMALL", 0),
        (screening, "_SAMPLE", 4),
        (screening, "_HOT_SHARE", 4),
        (screening, "_HOT_TILE", 3),
        (screening, "_WORTH", 0.0),
        (screening, "_PAIRS_AT_ONCE", 64),
    ):
        monkeypatch.setattr(module, name, value)
