"""The Triton kernels in Triton's interpreter (or on a GPU, where there is one) against the reference."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scopesift_kernels import backends, encode_selected, encode_topk


def missing() -> str | None:
    if importlib.util.find_spec("triton") is None:
        return "triton isn't installed"
    if torch.cuda.is_available():
        return None
    if importlib.metadata.version("triton") < "3.7" and np.lib.NumpyVersion(np.__version__) >= "2.4.0":
        return "the interpreter of Triton below 3.7 doesn't work with NumPy 2.4 and above"
    if "triton" in sys.modules and not sys.modules["triton"].knobs.runtime.interpret:
        return "triton was imported before TRITON_INTERPRET=1 was set"
    return None


REASON = missing()
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
DTYPES = (torch.float32, torch.bfloat16, torch.float16)
few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
interpreter = pytest.mark.skipif(REASON is not None, reason=str(REASON))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles and chunks that small data cross; a GPU's tensor cores set the least size."""
    from scopesift_kernels import triton_backend, triton_launch

    tile = triton_launch.TileShape(rows=64, columns=32, depth=16, warps=4, stages=2, group=2)
    monkeypatch.setattr(triton_launch, "HALF", tile)
    monkeypatch.setattr(triton_launch, "FULL", tile)
    monkeypatch.setattr(triton_backend, "_CHUNK", 64)
    monkeypatch.setattr(triton_backend, "_ELEMENTS", 3 * 64)
    monkeypatch.setattr(triton_backend, "_BLOCKS", (16, 8, 4))
    monkeypatch.setattr(triton_backend, "_LEAST_WIDTH", 32)
    monkeypatch.setattr(triton_backend, "_PAIRS", 2)
    monkeypatch.setattr(triton_backend, "_COUNTED_AT_ONCE", 3)


def same_topk(case: tuple, k: int) -> torch.Tensor:
    case = tuple(tensor.to(DEVICE) for tensor in case)
    got, right = encode_topk(*case, k, backend="triton"), encode_topk(*case, k, backend="reference")
    assert torch.equal(got.indices_TK, right.indices_TK)
    assert torch.equal(got.values_TK, right.values_TK)
    return got.indices_TK.cpu()


def same_selected(case: tuple, k: int, *selection: torch.Tensor) -> None:
    args = (*(tensor.to(DEVICE) for tensor in case), k, *(tensor.to(DEVICE) for tensor in selection))
    got, right = encode_selected(*args, backend="triton"), encode_selected(*args, backend="reference")
    assert torch.equal(got.maxima_NS, right.maxima_NS)
    assert torch.equal(got.tokens_NS, right.tokens_NS)


@interpreter
@pytest.mark.usefixtures("small")
@few
@given(
    t=st.integers(1, 5), d=st.integers(1, 33), f=st.integers(1, 150), k=st.integers(1, 9),
    span=st.integers(0, 3), seed=st.integers(0, 9999), dtype=st.sampled_from(DTYPES),
)  # fmt: skip
def test_any_small_shape_equals_the_reference(
    whole: Callable, t: int, d: int, f: int, k: int, span: int, seed: int, dtype: torch.dtype
) -> None:
    same_topk(whole(t, d, f, seed, span, dtype), min(k, f))


@interpreter
@pytest.mark.usefixtures("small")
def test_chunks_and_slabs_that_do_not_divide_are_covered(whole: Callable) -> None:
    same_topk(whole(4, 20, 131, seed=5), 4)


@interpreter
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("k", [1, 2, 3, 16])
def test_every_kind_of_k_is_ranked(whole: Callable, k: int) -> None:
    """Selection works on powers of two, of which 1 is none that Triton can sort."""
    same_topk(whole(2, 3, 200, seed=k), k)


@interpreter
@pytest.mark.usefixtures("small")
def test_rows_of_ties_overflow_the_room_and_are_still_right(monkeypatch: pytest.MonkeyPatch) -> None:
    from scopesift_kernels import triton_backend

    spilled = []
    dense = triton_backend._dense_keys
    monkeypatch.setattr(triton_backend, "_dense_keys", lambda p, x: spilled.append(x.shape[0]) or dense(p, x))
    x = torch.tensor([[0.0], [1.0], [0.0]])  # two constant rows and a falling one
    indices = same_topk((x, -torch.arange(100.0)[:, None], torch.zeros(100)), 4)
    assert indices.tolist() == [[0, 1, 2, 3]] * 3
    assert spilled == [2]


@interpreter
@pytest.mark.usefixtures("small")
def test_a_late_tie_loses_and_a_late_larger_value_wins_in_a_later_chunk() -> None:
    bias = -torch.arange(140.0) - 1
    bias[100], bias[139] = -4.0, -3.5
    case = (torch.zeros(1, 1), torch.zeros(140, 1), bias)
    assert same_topk(case, 4).tolist() == [[0, 1, 2, 139]]


@interpreter
@pytest.mark.usefixtures("small")
def test_negative_zero_ties_with_zero_in_the_kernels() -> None:
    """A product that underflows is -0.0; with a bias of -0.0 it stays so, and must not rank below 0.0."""
    W = torch.zeros(64, 1)
    W[0] = -1e-30
    bias = torch.full((64,), -1.0)
    bias[:3] = torch.tensor([-0.0, 0.0, 0.0])
    assert same_topk((torch.tensor([[1e-30]]), W, bias), 2).tolist() == [[0, 1]]


@interpreter
@pytest.mark.usefixtures("small", "small_tiles")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_selected_features_equal_the_reference(whole: Callable, dtype: torch.dtype) -> None:
    features, documents = torch.tensor([0, 7, 33, 69, 5]), torch.tensor([0] * 4 + [1] * 5 + [3])
    same_selected(
        whole(10, 9, 70, seed=8, dtype=dtype), 6, features, documents, torch.tensor([0.0, 1, 2, 0, 3])
    )


@interpreter
@pytest.mark.usefixtures("small")
def test_tokens_with_few_pairs_are_counted_and_those_with_many_encoded() -> None:
    from scopesift_kernels.arguments import check_problem
    from scopesift_kernels.triton_backend import TritonEncoder

    pre = torch.tensor([[5.0, 4.0, 4.0, 3.0, 9.0, 4.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], device=DEVICE)
    encoder = TritonEncoder(
        check_problem(torch.eye(2, device=DEVICE), pre.T.contiguous(), torch.zeros(6, device=DEVICE), 3)
    )
    rows = torch.tensor([1, 0, 0, 0, 1, 0, 0, 0], device=DEVICE)
    features = torch.tensor([3, 0, 1, 2, 2, 3, 4, 5], device=DEVICE)
    got = encoder.members(torch.tensor([0, 1], device=DEVICE), rows, features, pre[rows, features])
    assert got.tolist() == [True, True, True, False, False, False, True, False]


@interpreter
@pytest.mark.usefixtures("small")
def test_a_feature_never_counts_against_itself() -> None:
    """Its value may come from another tile with other last bits."""
    from scopesift_kernels.triton_launch import count_before

    x, W, b = torch.ones(1, 1), torch.tensor([[3.0], [2.0], [1.0]]), torch.zeros(3)
    value = torch.tensor([[2.0 - 2**-22, 3.0]])
    args = (x, W, b, value, torch.tensor([[1, 0]], dtype=torch.int32))
    assert count_before(*(tensor.to(DEVICE) for tensor in args)).tolist() == [[1, 0]]


@interpreter
@pytest.mark.usefixtures("small")
def test_counting_ranks_equal_values_by_index() -> None:
    from scopesift_kernels.triton_launch import count_before

    x, W, b = torch.ones(1, 1), torch.tensor([[2.0], [3.0], [2.0], [2.0]]), torch.zeros(4)
    args = (x, W, b, torch.tensor([[2.0, 2.0]]), torch.tensor([[2, 0]], dtype=torch.int32))
    assert count_before(*(tensor.to(DEVICE) for tensor in args)).tolist() == [[2, 1]]


@interpreter
@pytest.mark.usefixtures("small")
def test_values_equal_to_the_bound_of_the_hints_are_collected() -> None:
    """One value a block, all the same: the k-th largest maximum is the k-th largest value."""
    bias = torch.full((64,), -1.0)
    bias[3::8] = 0.0
    assert same_topk((torch.zeros(1, 1), torch.zeros(64, 1), bias), 4).tolist() == [[3, 11, 19, 27]]


@interpreter
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_kernels_error_is_no_larger_than_the_references_own(
    normal: Callable, float64_check: Callable, float64_error: Callable, dtype: torch.dtype
) -> None:
    case = type(normal(1, 1, 1))(*(tensor.to(DEVICE) for tensor in normal(3, 123, 131, seed=2, dtype=dtype)))
    got, right = encode_topk(*case, 7, backend="triton"), encode_topk(*case, 7, backend="reference")
    float64_check(case, 7, *got)
    # Tensor cores round partial sums their own way; a few values: the bound is on the size, not on each.
    assert float64_error(case, *got) <= 2 * float64_error(case, *right)


@pytest.mark.skipif(torch.cuda.is_available(), reason="about machines without a GPU")
def test_without_a_gpu_triton_says_why_it_can_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TRITON_INTERPRET", "0")
    assert "triton" not in backends()
    with pytest.raises(ValueError, match="triton"):
        encode_topk(torch.ones(1, 1), torch.ones(1, 1), torch.ones(1), 1, backend="triton")


@interpreter
@pytest.mark.usefixtures("small")
def test_a_bias_of_any_stride_is_read_right() -> None:
    case = (torch.zeros(1, 4), torch.zeros(40, 4))
    assert same_topk((*case, torch.arange(80.0)[::2]), 2).tolist() == [[39, 38]]
    assert same_topk((*case, torch.ones(1).expand(40)), 2).tolist() == [[0, 1]]
