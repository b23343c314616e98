"""The Triton kernels in Triton's interpreter (or on a GPU, where there is one) against the reference."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scopesift_kernels import backends, encode_topk
from scopesift_kernels.triton.tuning import TritonTuning

if TYPE_CHECKING:
    from scopesift_kernels.triton.backend import TritonBackend

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
DTYPES = (torch.float32, torch.bfloat16, torch.float16)
few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def same_topk(small_triton: TritonBackend) -> Callable[[tuple, int], torch.Tensor]:
    """`encode_topk`, which has to say what the reference says."""

    def compared(case: tuple, k: int) -> torch.Tensor:
        case = tuple(tensor.to(DEVICE) for tensor in case)
        got, right = encode_topk(*case, k, backend=small_triton), encode_topk(*case, k, backend="reference")
        assert torch.equal(got.indices_TK, right.indices_TK)
        assert torch.equal(got.values_TK, right.values_TK)
        return got.indices_TK.cpu()

    return compared


@few
@given(
    t=st.integers(1, 5), d=st.integers(1, 33), f=st.integers(1, 150), k=st.integers(1, 9),
    span=st.integers(0, 3), seed=st.integers(0, 9999), dtype=st.sampled_from(DTYPES),
)  # fmt: skip
def test_any_small_shape_equals_the_reference(
    same_topk: Callable,
    whole: Callable,
    t: int,
    d: int,
    f: int,
    k: int,
    span: int,
    seed: int,
    dtype: torch.dtype,
) -> None:
    same_topk(whole(t, d, f, seed, span, dtype), min(k, f))


def test_chunks_and_slabs_that_do_not_divide_are_covered(same_topk: Callable, whole: Callable) -> None:
    same_topk(whole(4, 20, 131, seed=5), 4)


@pytest.mark.parametrize("k", [1, 2, 3, 16])
def test_every_kind_of_k_is_ranked(same_topk: Callable, whole: Callable, k: int) -> None:
    """Selection works on powers of two, of which 1 is none that Triton can sort."""
    same_topk(whole(2, 3, 200, seed=k), k)


def test_rows_of_ties_overflow_the_room_and_are_still_right(
    same_topk: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scopesift_kernels.triton import topk

    spilled = []
    dense = topk._dense_keys
    monkeypatch.setattr(topk, "_dense_keys", lambda x, *rest: spilled.append(x.shape[0]) or dense(x, *rest))
    x = torch.tensor([[0.0], [1.0], [0.0]])  # two constant rows and a falling one
    indices = same_topk((x, -torch.arange(100.0)[:, None], torch.zeros(100)), 4)
    assert indices.tolist() == [[0, 1, 2, 3]] * 3
    assert spilled == [2]


def test_a_late_tie_loses_and_a_late_larger_value_wins_in_a_later_chunk(same_topk: Callable) -> None:
    bias = -torch.arange(140.0) - 1
    bias[100], bias[139] = -4.0, -3.5
    case = (torch.zeros(1, 1), torch.zeros(140, 1), bias)
    assert same_topk(case, 4).tolist() == [[0, 1, 2, 139]]


def test_negative_zero_ties_with_zero_in_the_kernels(same_topk: Callable) -> None:
    """A product that underflows is -0.0; with a bias of -0.0 it stays so, and must not rank below 0.0."""
    W = torch.zeros(64, 1)
    W[0] = -1e-30
    bias = torch.full((64,), -1.0)
    bias[:3] = torch.tensor([-0.0, 0.0, 0.0])
    assert same_topk((torch.tensor([[1e-30]]), W, bias), 2).tolist() == [[0, 1]]


def test_values_equal_to_the_bound_of_the_hints_are_collected(same_topk: Callable) -> None:
    """One value a block, all the same: the k-th largest maximum is the k-th largest value."""
    bias = torch.full((64,), -1.0)
    bias[3::8] = 0.0
    assert same_topk((torch.zeros(1, 1), torch.zeros(64, 1), bias), 4).tolist() == [[3, 11, 19, 27]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_kernels_error_is_that_of_float32_sums(
    small_triton: TritonBackend, normal: Callable, float64_check: Callable, dtype: torch.dtype
) -> None:
    case = type(normal(1, 1, 1))(*(tensor.to(DEVICE) for tensor in normal(3, 123, 131, seed=2, dtype=dtype)))
    float64_check(case, 7, *encode_topk(*case, 7, backend=small_triton))


@pytest.mark.skipif(torch.cuda.is_available(), reason="about machines without a GPU")
def test_without_a_gpu_triton_says_why_it_can_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TRITON_INTERPRET", "0")
    assert "triton" not in backends()
    with pytest.raises(ValueError, match="triton"):
        encode_topk(torch.ones(1, 1), torch.ones(1, 1), torch.ones(1), 1, backend="triton")


def test_a_bias_of_any_stride_is_read_right(same_topk: Callable) -> None:
    case = (torch.zeros(1, 4), torch.zeros(40, 4))
    # on the device from the start: moving would make them contiguous
    assert same_topk((*case, torch.arange(80.0, device=DEVICE)[::2]), 2).tolist() == [[39, 38]]
    assert same_topk((*case, torch.ones(1, device=DEVICE).expand(40)), 2).tolist() == [[0, 1]]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_bad_residuals_are_refused_although_they_are_multiplied_before_they_are_looked_at(
    small_triton: TritonBackend, bad: float
) -> None:
    x, W, b = (
        torch.ones(3, 4, device=DEVICE),
        torch.ones(80, 4, device=DEVICE),
        torch.zeros(80, device=DEVICE),
    )
    x[1, 2] = bad
    with pytest.raises(ValueError, match="token 1"):
        encode_topk(x, W, b, 2, backend=small_triton)
    with pytest.raises(ValueError, match="beyond float32"):
        encode_topk(torch.full_like(x, 1e30), W * -1e30, b, 2, backend=small_triton)


def test_huge_residuals_that_do_not_overflow_are_the_references(same_topk: Callable) -> None:
    same_topk((torch.full((2, 4), 1e25), torch.diag(torch.full((4,), 1e13)), torch.zeros(4)), 2)


def test_values_that_crowd_in_one_block_are_all_found(
    same_topk: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Maxima of several blocks together give a low bound there, for which there may be no room."""
    bias = torch.full((64,), -1.0)
    bias[16:24] = torch.arange(8.0)
    assert same_topk((torch.zeros(1, 1), torch.zeros(64, 1), bias), 2).tolist() == [[23, 22]]


def test_no_tokens_have_no_features(same_topk: Callable) -> None:
    assert same_topk((torch.ones(0, 4), torch.ones(80, 4), torch.zeros(80)), 2).shape == (0, 2)


@pytest.mark.usefixtures("triton_here")
def test_where_memory_is_short_fewer_tokens_are_multiplied_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from scopesift_kernels.triton import device

    empty, left = torch.empty, 100
    monkeypatch.setattr(device, "most_pre_activations", lambda device, tuning: 640)
    tuning, here = TritonTuning(least_pre_activations=80), torch.device(DEVICE)

    def full(rows: int, columns: int, device: torch.device) -> torch.Tensor:
        if rows * columns > left:
            raise torch.OutOfMemoryError
        return empty(rows, columns, device=device)

    monkeypatch.setattr(torch, "empty", full)
    shapes = [device.room_for_pre_activations(n, 10, 3, here, tuning).shape for n in (50, 9, 2)]
    assert shapes == [(6, 10), (9, 10), (2, 10)]
    left = 50
    with pytest.raises(torch.OutOfMemoryError):
        device.room_for_pre_activations(50, 10, 3, here, tuning)
