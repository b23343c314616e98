"""The CPU back end's top-k against the reference and against float64."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scopesift_kernels import encode_topk
from scopesift_kernels.cpu import float32_topk
from scopesift_kernels.cpu.backend import CpuBackend

from tests.kernels.cpu.small_sizes import SMALL as SMALL_SIZES

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
SMALL = CpuBackend(SMALL_SIZES)
within = settings(max_examples=60, deadline=None)


def same(case: tuple, k: int) -> None:
    got, right = encode_topk(*case, k, backend=SMALL), encode_topk(*case, k, backend="reference")
    assert torch.equal(got.indices_TK, right.indices_TK)
    assert torch.equal(got.values_TK, right.values_TK)


@within
@given(
    t=st.integers(0, 23), d=st.integers(1, 9), f=st.integers(1, 150), k=st.integers(1, 150),
    span=st.integers(0, 3), seed=st.integers(0, 9999), dtype=st.sampled_from(DTYPES),
)  # fmt: skip
def test_any_shape_dtype_and_ties_equal_the_reference(
    whole: Callable, t: int, d: int, f: int, k: int, span: int, seed: int, dtype: torch.dtype
) -> None:
    same(whole(t, d, f, seed, span, dtype), min(k, f))


@pytest.mark.parametrize("k", [1, 2, 31, 32, 33, 95, 96, 97])
def test_constant_rows_take_the_first_features(k: int) -> None:
    case = (torch.ones(6, 3), torch.ones(97, 3), torch.zeros(97))
    assert encode_topk(*case, k, backend=SMALL).indices_TK.tolist() == [list(range(k))] * 6


@pytest.mark.parametrize("slope", [-1.0, 1.0])
def test_rows_sorted_by_index_never_overflow_anything(slope: float) -> None:
    """Rising rows beat the running bound at every feature; falling ones never after the first chunk."""
    x = torch.tensor([[1.0], [0.0], [-1.0], [2.0]])
    same((x, slope * torch.arange(131.0)[:, None], torch.zeros(131)), 7)


def test_a_late_tie_loses_and_a_late_larger_value_wins() -> None:
    bias = torch.zeros(130)
    bias[:4] = torch.tensor([5.0, 4.0, 3.0, 2.0])
    bias[100], bias[129] = 2.0, 2.5
    got = encode_topk(torch.zeros(1, 1), torch.zeros(130, 1), bias, 4, backend=SMALL)
    assert got.indices_TK.tolist() == [[0, 1, 2, 129]]
    bias[129] = 2.0
    got = encode_topk(torch.zeros(1, 1), torch.zeros(130, 1), bias, 4, backend=SMALL)
    assert got.indices_TK.tolist() == [[0, 1, 2, 3]]


def test_a_tie_at_the_first_bound_is_kept_for_the_lowest_index() -> None:
    """Eight blocks of four: the k-th largest block maximum is the k-th largest value, many times over."""
    bias = torch.tensor([0.0, 0.0, 0.0, 1.0] * 8)
    got = encode_topk(torch.zeros(1, 1), torch.zeros(32, 1), bias, 3, backend=SMALL)
    assert got.indices_TK.tolist() == [[3, 7, 11]]


def test_all_negative_rows_are_ranked_too() -> None:
    case = (torch.ones(3, 1), torch.zeros(70, 1), -1.0 - torch.arange(70.0) % 13)
    same(case, 9)
    assert encode_topk(*case, 9, backend=SMALL).values_TK.count_nonzero() == 0


def test_negative_zero_ties_with_zero() -> None:
    """A product that underflows is -0.0; with a bias of -0.0 it stays so, and must not rank below 0.0."""
    case = (torch.tensor([[1e-30]]), torch.tensor([[-1e-30], [0.0], [0.0]]), torch.tensor([-0.0, 0.0, 0.0]))
    assert encode_topk(*case, 2, backend=SMALL).indices_TK.tolist() == [[0, 1]]


def test_constant_rows_leave_nothing_to_merge_after_the_first_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ties with the running bound lose, so that they are not even collected."""
    newcomers = []
    keys = float32_topk.rank_keys
    monkeypatch.setattr(float32_topk, "rank_keys", lambda v, i: newcomers.append(v.numel()) or keys(v, i))
    encode_topk(torch.ones(5, 1), torch.ones(160, 1), torch.zeros(160), 3, backend=SMALL)
    assert sum(newcomers) == 5 * 32


@pytest.mark.parametrize("dtype", DTYPES)
def test_strides_do_not_matter(whole: Callable, dtype: torch.dtype) -> None:
    x, W, b = whole(14, 10, 80, seed=3, dtype=dtype)
    strided = (x.T.contiguous().T, torch.stack((W, W), 1).flatten(0, 1)[::2], torch.stack((b, b), 1)[:, 0])
    assert not any(tensor.is_contiguous() for tensor in strided)
    right = encode_topk(x, W, b, 5, backend="reference")
    got = encode_topk(*strided, 5, backend=SMALL)
    assert torch.equal(got.indices_TK, right.indices_TK)


def test_mixed_dtypes_are_computed_in_float32(whole: Callable) -> None:
    x, W, b = whole(6, 7, 50, seed=4)
    same((x, W.bfloat16(), b.half()), 5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("t", "d", "f", "k"), [(255, 123, 507, 50), (33, 192, 2049, 100), (7, 64, 1000, 512)]
)
def test_the_error_is_that_of_float32_sums(
    normal: Callable, float64_check: Callable, dtype: torch.dtype, t: int, d: int, f: int, k: int
) -> None:
    case = normal(t, d, f, seed=d, dtype=dtype)
    for backend in (CpuBackend(replace(SMALL_SIZES, chunk=256, block=16)), "reference"):
        float64_check(case, k, *encode_topk(*case, k, backend=backend))


def test_the_cpu_is_picked_for_cpu_tensors(normal: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(CpuBackend, "topk", lambda self, problem: called.append(problem))
    encode_topk(*normal(2, 3, 4), 2)
    assert len(called) == 1


def test_denormals_that_count_as_zero_change_nothing() -> None:
    torch.set_flush_denormal(True)
    try:
        got = encode_topk(torch.zeros(2, 4), torch.zeros(64, 4), torch.zeros(64), 3, backend=SMALL)
    finally:
        torch.set_flush_denormal(False)
    assert got.indices_TK.tolist() == [[0, 1, 2]] * 2


@pytest.mark.parametrize("k", [1, 16, 17, 100, 256, 512])
def test_a_chunk_has_at_least_k_maxima_whatever_k_is(k: int) -> None:
    assert 512 // float32_topk.block_width(512, k, 16) >= k


@pytest.mark.parametrize("weights", ["torch.zeros(8192, 1)", "torch.arange(8192.0)[:, None]"])
def test_constant_and_rising_rows_take_no_more_memory_than_others(weights: str) -> None:
    """All elements of a tile of constant rows are candidates: 16.8 million, at some 40 bytes each."""
    script = (
        "import resource, torch; from scopesift_kernels import encode_topk; "
        f"W, x, b = {weights}, torch.ones(2048, 1), torch.zeros(8192); encode_topk(x[:8], W, b, 50); "
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        "encode_topk(x, W, b, 50); "
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400
