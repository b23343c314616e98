"""The Triton products with the tile shapes that are used, not with small ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from scopesift_kernels import encode_topk
from scopesift_kernels.arguments import check_problem
from scopesift_kernels.triton.tuning import TritonTuning

ON_GPU = torch.cuda.is_available()
DEVICE = "cuda" if ON_GPU else "cpu"
# Tokens, D, features: more than a tile of each, none a whole number of tiles.
SIZES = (300, 2040, 5000) if ON_GPU else (130, 136, 600)
PAIRS = [
    (torch.bfloat16, torch.bfloat16),
    (torch.bfloat16, torch.float32),
    (torch.float16, torch.float16),
    (torch.float32, torch.float32),
]
pytestmark = [pytest.mark.usefixtures("triton_here"), pytest.mark.parametrize("dtypes", PAIRS, ids=str)]


@pytest.fixture
def case(normal: Callable, dtypes: tuple) -> tuple:
    x, W, b = (tensor.to(DEVICE) for tensor in normal(*SIZES, seed=3))
    return type(normal(1, 1, 1))(x.to(dtypes[0]), W.to(dtypes[1]), b)


def test_the_top_k_is_that_of_float64_up_to_rounding(case: tuple, float64_check: Callable) -> None:
    float64_check(case, 20, *encode_topk(*case, 20, backend="triton"))


def test_counting_sees_the_bits_that_were_written(case: tuple) -> None:
    """A feature's own written value is the threshold: an ulp of difference would count its neighbours wrongly."""
    from scopesift_kernels.triton.products import count_before, pre_activations
    from scopesift_kernels.triton.weights import encoder_weights

    weights = encoder_weights(check_problem(*case, 1), TritonTuning())
    pre = torch.empty(SIZES[0], SIZES[2], device=DEVICE)
    pre_activations(case.x_TD, weights, pre)
    asked = torch.stack((pre.argmax(dim=1), pre.topk(9, dim=1).indices[:, -1]), dim=1)
    counts = torch.zeros(asked.shape, dtype=torch.int32, device=DEVICE)
    n_rows = torch.full((4,), SIZES[0], dtype=torch.int32, device=DEVICE)
    values = pre.gather(1, asked)
    count_before(case.x_TD, weights, values, asked.to(torch.int32), counts, n_rows)
    feature = torch.arange(SIZES[2], device=DEVICE)
    for slot in range(2):
        value, own = values[:, slot : slot + 1], asked[:, slot : slot + 1]
        before = (pre > value) | ((pre == value) & (feature < own))
        assert torch.equal(counts[:, slot].long(), before.sum(dim=1))


def test_values_have_the_same_bits_wherever_they_are_computed(case: tuple) -> None:
    from scopesift_kernels.triton.products import pre_activations
    from scopesift_kernels.triton.weights import encoder_weights

    weights = encoder_weights(check_problem(*case, 1), TritonTuning())
    whole = torch.empty(SIZES[0], SIZES[2], device=DEVICE)
    pre_activations(case.x_TD, weights, whole)
    rows = torch.tensor([SIZES[0] - 1, 3, 40], device=DEVICE)
    columns = torch.tensor([SIZES[2] - 1, 0, 64, 7], device=DEVICE)
    part = torch.empty(3, 4, device=DEVICE)
    pre_activations(case.x_TD[rows], weights[columns], part)
    assert torch.equal(part, whole[rows][:, columns])


def test_maxima_are_those_of_the_values_and_a_bound_leaves_out_the_blocks_below_it(case: tuple) -> None:
    """On a Hopper GPU, products with maxima have a kernel of their own, which has to give the same bits."""
    from scopesift_kernels.triton.products import pre_activations
    from scopesift_kernels.triton.weights import encoder_weights

    weights = encoder_weights(check_problem(*case, 1), TritonTuning())
    (n_rows, _, n_columns), block = SIZES, 32
    n_blocks = -(-n_columns // block)
    plain = torch.empty(n_rows, n_columns, device=DEVICE)
    pre_activations(case.x_TD, weights, plain)
    blocks = torch.nn.functional.pad(plain, (0, n_blocks * block - n_columns), value=-torch.inf)
    right = blocks.view(n_rows, n_blocks, block).amax(dim=2)

    pre, hint = torch.full_like(plain, torch.nan), torch.full_like(right, torch.nan)
    pre_activations(case.x_TD, weights, pre, hint, block)
    assert torch.equal(pre, plain)
    assert torch.equal(hint, right)

    bound = right.median(dim=1).values.contiguous()
    pre.fill_(torch.nan)
    hint.fill_(torch.nan)
    pre_activations(case.x_TD, weights, pre, hint, block, bound)
    written = (right >= bound[:, None]).repeat_interleave(block, dim=1)[:, :n_columns]
    assert torch.equal(hint, right)
    assert torch.equal(pre[written], plain[written])
    assert bool(pre[~written].isnan().all())
