"""Top-k with candidates from bfloat16 products: the same result on every processor, with or without fast products."""

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
from scopesift_kernels.arguments import check_problem
from scopesift_kernels.cpu import bfloat16_topk, processor, rounding
from scopesift_kernels.cpu import topk as cpu_topk
from scopesift_kernels.cpu.backend import CpuBackend
from scopesift_kernels.cpu.candidates import Screen
from scopesift_kernels.cpu.tuning import CpuTuning

from tests.kernels.cpu.small_sizes import SMALL as SMALL_SIZES

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
SMALL = replace(SMALL_SIZES, bfloat16=True)
within = settings(max_examples=60, deadline=None)


@pytest.fixture
def rescued(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of tokens that are left to the float32 product."""
    seen: list[int] = []
    plain = cpu_topk.float32_keys
    monkeypatch.setattr(
        cpu_topk, "float32_keys", lambda problem, x, *rest: seen.append(len(x)) or plain(problem, x, *rest)
    )
    return seen


def same(case: tuple, k: int, tuning: CpuTuning = SMALL) -> None:
    got, right = encode_topk(*case, k, backend=CpuBackend(tuning)), encode_topk(*case, k, backend="reference")
    assert torch.equal(got.indices_TK, right.indices_TK)
    assert torch.equal(got.values_TK, right.values_TK)


@within
@given(
    t=st.integers(0, 23), d=st.integers(1, 9), f=st.integers(1, 150), k=st.integers(1, 150),
    span=st.integers(0, 3), seed=st.integers(0, 9999), dtype=st.sampled_from(DTYPES), share=st.sampled_from([1, 8]),
)  # fmt: skip
def test_any_shape_dtype_and_ties_equal_the_reference(
    whole: Callable, t: int, d: int, f: int, k: int, span: int, seed: int, dtype: torch.dtype, share: int
) -> None:
    same(whole(t, d, f, seed, span, dtype), min(k, f), replace(SMALL, candidate_share=share))


@pytest.mark.parametrize("x_dtype", DTYPES)
@pytest.mark.parametrize("w_dtype", DTYPES)
@pytest.mark.parametrize(
    ("t", "d", "f", "k"), [(255, 123, 1507, 20), (33, 192, 4099, 50), (300, 64, 2048, 7)]
)
def test_the_error_is_that_of_float32_sums(
    normal: Callable, float64_check: Callable, rescued: list[int],
    x_dtype: torch.dtype, w_dtype: torch.dtype, t: int, d: int, f: int, k: int,
) -> None:  # fmt: skip
    x, W, b = normal(t, d, f, seed=d)
    case = type(normal(1, 1, 1))(x.to(x_dtype), W.to(w_dtype), b)
    tuning = CpuTuning(bfloat16=True, least_screened=1, candidate_share=4)
    float64_check(case, k, *encode_topk(*case, k, backend=CpuBackend(tuning)))
    assert rescued == []  # the float32 product would be right as well


def near_ties(
    gap: float, n_features: int = 512, k: int = 5
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features that differ by less than a bfloat16 can hold, rising with the index: the last k are the largest."""
    rising = 3.0 + gap * torch.arange(float(n_features))
    x = torch.ones(6, 4)
    return x, torch.stack((rising, *torch.zeros(3, n_features)), dim=1), torch.zeros(n_features)


@pytest.mark.parametrize("gap", [2.0**-20, 2.0**-13, 2.0**-9, 2.0**-6])
def test_features_that_are_equal_in_bfloat16_are_ranked_by_their_float32_values(gap: float) -> None:
    x, W, b = near_ties(gap)
    got = encode_topk(x, W, b, 5, backend=CpuBackend(replace(SMALL, candidate_share=1)))
    assert got.indices_TK.tolist() == [[511, 510, 509, 508, 507]] * 6


def test_a_feature_that_bfloat16_ranks_behind_seven_others_can_be_the_largest() -> None:
    """Rounding takes from its residuals and weights what it gives to the others'."""
    d, up = 64, torch.arange(64) >= 32
    x = torch.where(up, 1.0 + 2.0**-8 + 2.0**-12, 1.0 + 2.0**-8 - 2.0**-12).repeat(3, 1)  # to 1 + 2**-7, to 1
    W = torch.zeros(64, d)
    W[:7, 32:] = 1.0
    W[7, :32] = 1.0 + 2.0**-10
    screened, exact = x.bfloat16().float() @ W.bfloat16().float().T, x @ W.T
    assert screened[0].argsort(descending=True).tolist().index(7) == 7
    assert exact[0].argmax() == 7
    got = encode_topk(x, W, torch.zeros(64), 1, backend=CpuBackend(SMALL))
    assert got.indices_TK.tolist() == [[7]] * 3


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [1e-30, 1e-4, 1.0, 1e3])
def test_screened_values_are_as_near_as_the_bound_says(
    normal: Callable, dtype: torch.dtype, scale: float
) -> None:
    case = normal(40, 300, 700, seed=1, dtype=dtype)
    x, W, b = case.x_TD, case.W_enc_FD, case.b_enc_F.float() * scale
    x = (x.float() * scale).to(dtype)
    problem = check_problem(x, W, b, 5)
    error_R = rounding.bfloat16_error(problem, x, problem.x_norm_T).double()[:, None]
    screened = (x.bfloat16() @ W.bfloat16().T).double() + b
    exact = x.double() @ W.double().T + b
    rounded = 1.02 * 2.0**-8 * (screened.abs() + problem.b_largest)
    assert bool(((screened - exact).abs() <= error_R + rounded).all())
    # and not so much nearer that candidates abound
    if scale == 1.0:
        assert float(((screened - exact).abs() / (error_R + rounded)).max()) > 0.02


def test_the_bound_keeps_what_the_worst_rounding_could_lift_to_the_cut() -> None:
    """Both sides at their worst: k values screened too high, one too low by the same."""
    kth, error, b = torch.tensor([3.0, -2.0, 0.0, 1e4]), torch.tensor([0.01, 0.0, 1e-3, 2.0]), 0.25
    bound = rounding.candidate_bound(kth, error, b).double()
    c = 2.0**-8
    least_of_k = kth.double() - error - c * (kth.double().abs() + b)
    below = bound - 1e-9
    assert bool((below + error + c * (below.abs() + b) < least_of_k).all())


def test_constant_rows_and_ties_are_left_to_the_float32_product(rescued: list[int]) -> None:
    x, W, b = torch.randn(20, 8), torch.randn(256, 8), torch.zeros(256)
    x[3], x[17] = 0.0, 0.0
    tuning = replace(SMALL, slab=20, candidate_share=8)
    got = encode_topk(x, W, b, 4, backend=CpuBackend(tuning))
    assert got.indices_TK[[3, 17]].tolist() == [[0, 1, 2, 3]] * 2
    assert rescued == [2]


def test_a_slab_of_dense_rows_is_given_up_at_its_first_tile(
    rescued: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles = []
    product = Screen._product
    monkeypatch.setattr(
        Screen, "_product", lambda self, x, asked: tiles.append(len(x)) or product(self, x, asked)
    )
    same((torch.ones(11, 3), torch.ones(97, 3), torch.zeros(97)), 3, replace(SMALL, candidate_share=97))
    assert tiles == [4]
    assert rescued == [11]


@pytest.mark.parametrize("small", [1e-45, 1e-39, 2.0**-126])
def test_numbers_that_the_instructions_count_as_zero_still_rank(small: float) -> None:
    """AVX512-BF16 and AMX flush denormal inputs and sums."""
    W = torch.zeros(96, 2)
    W[:, 0] = torch.arange(96.0) * 2.0**10
    same((torch.full((5, 2), small), W, torch.zeros(96)), 4)
    same((torch.full((5, 2), 2.0**10), torch.arange(96.0)[:, None].repeat(1, 2) * small, torch.zeros(96)), 4)


def test_a_bias_that_dwarfs_the_product_costs_no_exactness() -> None:
    g = torch.Generator().manual_seed(0)
    x, W = torch.randn(9, 16, generator=g), torch.randn(200, 16, generator=g)
    for b in (1e4 * torch.randn(200, generator=g), torch.full((200,), -1e6), torch.full((200,), 1e6)):
        got = encode_topk(x, W, b, 6, backend=CpuBackend(SMALL))
        exact = x.double() @ W.double().T + b
        slack = 20 * 2.0**-24 * float(exact.abs().max())
        kth = exact.topk(6, dim=1).values[:, -1:]
        assert bool((exact.gather(1, got.indices_TK) >= kth - slack).all())


@pytest.mark.parametrize("dtype", DTYPES)
def test_strides_do_not_matter(whole: Callable, dtype: torch.dtype) -> None:
    x, W, b = whole(14, 10, 80, seed=3, dtype=dtype)
    strided = (x.T.contiguous().T, torch.stack((W, W), 1).flatten(0, 1)[::2], torch.stack((b, b), 1)[:, 0])
    assert not any(tensor.is_contiguous() for tensor in strided)
    right = encode_topk(x, W, b, 5, backend="reference")
    assert torch.equal(encode_topk(*strided, 5, backend=CpuBackend(SMALL)).indices_TK, right.indices_TK)


@pytest.mark.parametrize("fast", [True, False])
def test_the_processor_chooses_the_product_and_a_setting_overrides_it(
    normal: Callable, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    problem = check_problem(*normal(128, 8, 2048), 8)
    monkeypatch.setattr(bfloat16_topk, "multiplies_bfloat16", lambda: fast)
    few, many = 8, 512
    assert bfloat16_topk.is_faster(problem, many, CpuTuning()) is fast
    assert bfloat16_topk.is_faster(problem, many, CpuTuning(bfloat16=not fast)) is not fast
    assert not bfloat16_topk.is_faster(problem, few, CpuTuning())
    # converting the weights of a large encoder takes longer than the rest
    assert bfloat16_topk.is_faster(problem, few, CpuTuning(many_weights=8 * 2048)) is fast


def test_a_torch_that_cannot_say_what_the_processor_does_counts_as_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in processor.ABILITIES:
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert processor.multiplies_bfloat16.__wrapped__() is False


def test_an_encode_warns_of_nothing() -> None:
    """Torch warns at its first sparse matrix."""
    script = (
        "import torch; from scopesift_kernels import encode_topk; "
        "from scopesift_kernels.cpu.backend import CpuBackend; from scopesift_kernels.cpu.tuning import CpuTuning; "
        "encode_topk(torch.randn(64, 8), torch.randn(999, 8), torch.zeros(999), 4, "
        "backend=CpuBackend(CpuTuning(bfloat16=True)))"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "weights",
    [
        "torch.zeros(8192, 1)",
        "torch.arange(8192.0)[:, None]",
        "(torch.arange(8192) < 6000).float()[:, None]",  # many in each of few blocks
    ],
)
def test_constant_and_rising_rows_take_no_more_memory_than_others(weights: str) -> None:
    script = (
        "import resource, torch; from scopesift_kernels import encode_topk; "
        "from scopesift_kernels.cpu.backend import CpuBackend; from scopesift_kernels.cpu.tuning import CpuTuning; "
        f"W, x, b = {weights}, torch.ones(2048, 1), torch.zeros(8192); backend = CpuBackend(CpuTuning(bfloat16=True)); "
        "encode_topk(x[:64], W, b, 50, backend=backend); "
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        "encode_topk(x, W, b, 50, backend=backend); "
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400
