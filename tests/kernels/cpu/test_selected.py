"""Selected features on the CPU: every shortcut against the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scopesift_kernels import SelectedMaxima, arguments, encode_selected, encode_topk
from scopesift_kernels.cpu import full_encode, screening
from scopesift_kernels.cpu.backend import CpuBackend
from scopesift_kernels.cpu.tuning import CpuTuning

from tests.kernels.cpu.small_sizes import SMALL

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
within = settings(max_examples=100, deadline=None)


@pytest.fixture(scope="module", params=[False, True], ids=["float32", "bfloat16"])
def product(request: pytest.FixtureRequest) -> CpuTuning:
    """Both products, whatever the processor has."""
    return replace(SMALL, bfloat16=request.param)


@pytest.fixture(scope="module", params=[0, 2**60], ids=["screening", "read off the full encode"])
def small(request: pytest.FixtureRequest, product: CpuTuning) -> CpuTuning:
    """Both ways to the answer; by themselves, shapes this small would all go the second."""
    return replace(product, pair_multiplications=request.param)


@pytest.fixture(scope="module")
def same(small: CpuTuning) -> Callable[..., SelectedMaxima]:
    """`encode_selected`, which has to say what the reference says."""

    def compared(*args: object, **given: object) -> SelectedMaxima:
        got = encode_selected(*args, **given, backend=CpuBackend(small))
        right = encode_selected(*args, **given, backend="reference")
        assert torch.equal(got.maxima_NS, right.maxima_NS)
        assert torch.equal(got.tokens_NS, right.tokens_NS)
        return got

    return compared


@within
@given(
    t=st.integers(0, 60), d=st.integers(1, 9), f=st.integers(1, 150), k=st.integers(1, 40),
    s=st.integers(0, 12), n=st.integers(1, 6), highest=st.integers(0, 8),
    seed=st.integers(0, 9999), dtype=st.sampled_from(DTYPES),
)  # fmt: skip
def test_any_shape_floor_and_document_equals_the_reference(
    same: Callable,
    whole: Callable,
    t: int,
    d: int,
    f: int,
    k: int,
    s: int,
    n: int,
    highest: int,
    seed: int,
    dtype: torch.dtype,
) -> None:
    g = torch.Generator().manual_seed(seed)
    features = torch.randint(0, f, (s,), generator=g)
    documents = torch.randint(0, n, (t,), generator=g).sort().values
    floors = torch.randint(0, highest + 1, (s,), generator=g).float()
    same(*whole(t, d, f, seed, 2, dtype), min(k, f), features, documents, floors, n_documents=n)


def one_hot_case(pre_TF: list[list[float]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Residuals and an encoder whose pre-activations are exactly the ones given."""
    pre = torch.tensor(pre_TF)
    return torch.eye(pre.shape[0]), pre.T.contiguous(), torch.zeros(pre.shape[1])


def test_the_largest_value_outside_the_top_k_is_passed_over(same: Callable) -> None:
    """Token 0 has the largest value of feature 3, but three others there are larger: token 2 decides."""
    pre = [[9.0, 9.0, 9.0, 8.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 5.0], [7.0, 7.0, 7.0, 6.0]]
    document = torch.zeros(4, dtype=torch.int64)
    got = same(*one_hot_case(pre), 3, torch.tensor([3]), document, torch.zeros(1))
    assert (got.maxima_NS.item(), got.tokens_NS.item()) == (5.0, 2)


def test_a_tie_at_the_cut_is_decided_by_the_index(same: Callable) -> None:
    pre = [[3.0, 3.0, 3.0, 3.0]]
    got = same(*one_hot_case(pre), 2, torch.tensor([0, 1, 2, 3]), torch.tensor([0]), torch.zeros(4))
    assert got.maxima_NS.tolist() == [[3.0, 3.0, 0.0, 0.0]]


def test_no_member_anywhere_gives_zero_after_looking_at_every_token(same: Callable) -> None:
    """Each token of a long document is above the floor, just outside its top-k: no round may stop early."""
    t, f = 50, 40
    pre = torch.arange(1.0, f + 1).repeat(t, 1)
    pre[:, 0] = 30.0 - torch.arange(t) / 64
    case = (torch.eye(t), pre.T.contiguous(), torch.zeros(f))
    document = torch.zeros(t, dtype=torch.int64)
    assert same(*case, 5, torch.tensor([0]), document, torch.zeros(1)).tokens_NS.item() == -1
    case[1][0, 49] = 100.0  # the last token becomes the first candidate
    assert same(*case, 5, torch.tensor([0]), document, torch.zeros(1)).tokens_NS.item() == 49
    case[1][0, 49] = 0.5  # and now the smallest of all, a member since the others there are smaller still
    case[1][1:, 49] = 0.25
    assert same(*case, 5, torch.tensor([0]), document, torch.zeros(1)).tokens_NS.item() == 49


def test_a_tie_with_the_running_bound_is_not_dropped(same: Callable) -> None:
    """Features 20.. are equal everywhere; the selected one ties with them and wins by its index."""
    t, f, k = 30, 64, 4
    pre = torch.zeros(t, f)
    pre[:, 20:40] = 2.0
    pre[:, 3] = 2.0
    pre[::3, 5:9] = 3.0  # in every third token four others fill the top-k
    case = (torch.eye(t), pre.T.contiguous(), torch.zeros(f))
    documents = torch.arange(t) // 7
    got = same(*case, k, torch.tensor([3, 39]), documents, torch.zeros(2))
    assert got.maxima_NS[:, 0].tolist() == [2.0] * 5
    assert got.maxima_NS[:, 1].tolist() == [0.0] * 5


@pytest.fixture
def selected_off_by_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product with the selected features gives values that are a last bit too small."""
    plain = screening.pre_activations
    monkeypatch.setattr(screening, "pre_activations", lambda *given: plain(*given).mul_(1.0 - 2.0**-23))


@pytest.mark.usefixtures("selected_off_by_a_bit")
def test_what_rounding_could_decide_is_not_dropped(small: CpuTuning) -> None:
    """The selected feature ties with others and wins by its index, but looks smaller than them."""
    pre = torch.zeros(30, 64)
    pre[:, 20:40] = 2.0
    pre[:, 3] = 2.0
    case = (torch.eye(30), pre.T.contiguous(), torch.zeros(64))
    documents = torch.arange(30) // 7
    got = encode_selected(*case, 4, torch.tensor([3]), documents, torch.zeros(1), backend=CpuBackend(small))
    assert got.tokens_NS[:, 0].tolist() == [0, 7, 14, 21, 28]


@pytest.mark.usefixtures("selected_off_by_a_bit")
def test_norms_of_tiny_residuals_that_underflow_drop_nothing(small: CpuTuning) -> None:
    """Squares of 2**-78 are zero in float32; their products with weights of 2**60 are not."""
    pre = [[2.0 if feature in (3, *range(20, 40)) else 0.0 for feature in range(64)]] * 30
    x, W, b = one_hot_case(pre)
    backend = CpuBackend(small)
    got = encode_selected(
        x * 2.0**-78,
        W * 2.0**60,
        b,
        4,
        torch.tensor([3]),
        torch.arange(30) // 7,
        torch.zeros(1),
        backend=backend,
    )
    assert got.tokens_NS[:, 0].tolist() == [0, 7, 14, 21, 28]


def test_documents_that_cross_slabs_keep_the_earliest_of_equal_maxima(same: Callable) -> None:
    x = torch.ones(100, 1)
    x[40], x[90] = 3.0, 3.0
    got = same(x, torch.tensor([[1.0], [0.0]]), torch.zeros(2), 1, torch.tensor([0]), torch.zeros(100).long(),
               torch.zeros(1))  # fmt: skip
    assert (got.maxima_NS.item(), got.tokens_NS.item()) == (3.0, 40)


def test_repeated_features_and_empty_documents_are_answered(same: Callable, whole: Callable) -> None:
    case, documents = whole(20, 4, 30, seed=1), torch.tensor([1] * 9 + [4] * 11)
    got = same(*case, 6, torch.tensor([7, 7, 2]), documents, torch.tensor([0.0, 3.0, 0.0]), n_documents=7)
    assert got.maxima_NS[[0, 2, 3, 5, 6]].count_nonzero() == 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("floor", [0.0, 1.5])
def test_maxima_are_those_of_the_full_encode(
    normal: Callable, small: CpuTuning, dtype: torch.dtype, floor: float
) -> None:
    backend = CpuBackend(replace(small, pairs_at_once=2**12))
    case, k = normal(300, 48, 600, seed=9, dtype=dtype), 20
    features, documents = torch.arange(0, 600, 19), torch.arange(300) // 37
    got = encode_selected(*case, k, features, documents, torch.full((32,), floor), backend=backend)
    values, indices = encode_topk(*case, k, backend="reference")
    acts = torch.zeros(300, 600).scatter_(1, indices, values)[:, features]
    acts = torch.where(acts > floor, acts, 0.0)
    right = torch.stack([acts[documents == n].amax(dim=0) for n in range(9)])
    # Continuous values: nothing here is within rounding of the cut or the floor.
    torch.testing.assert_close(got.maxima_NS, right, rtol=1e-5, atol=1e-5)
    assert bool(((got.tokens_NS >= 0) == (right > 0)).all())


def test_the_full_encode_is_read_where_pairs_cost_more_than_products() -> None:
    def cheaper(d_model: int, n_features: int, n_selected: int) -> bool:
        x, w = torch.zeros(2, d_model), torch.zeros(n_features, d_model)
        problem = arguments.check_problem(x, w, torch.zeros(n_features), 1)
        documents, floors = torch.zeros(2, dtype=torch.int64), torch.zeros(n_selected)
        selection = arguments.Selection(torch.arange(n_selected), documents, floors, 1)
        return full_encode.is_cheaper(problem, selection, CpuTuning())

    assert cheaper(192, 3072, 300)
    assert not cheaper(192, 3072, 8)
    assert not cheaper(256, 32768, 64)


def test_tokens_are_dropped_once_k_features_are_larger(
    monkeypatch: pytest.MonkeyPatch, product: CpuTuning
) -> None:
    """The point of screening: where the first features refute nearly all pairs, few tokens meet the others."""
    tuning = replace(
        product,
        pair_multiplications=0,
        slab=400,
        tile=400,
        most_dropped_tile=512,
        converted_elements=2**20,
        pairs_at_once=2**20,
    )
    t, f, k = 400, 128, 4
    g = torch.Generator().manual_seed(0)
    pre = torch.rand(t, f, generator=g)
    pre[:, :32:4] += 5.0  # always on, one in each of the first blocks
    case = (torch.eye(t), pre.T.contiguous(), torch.zeros(f))
    multiplied = []
    mm = torch.mm
    monkeypatch.setattr(
        torch, "mm", lambda a, b, **out: multiplied.append(len(a) * b.shape[1]) or mm(a, b, **out)
    )
    selection = (torch.arange(60, 68), torch.arange(t) // 40, torch.zeros(8))
    got = encode_selected(*case, k, *selection, backend=CpuBackend(tuning))
    spent = sum(multiplied[1:])  # the first product is that with the selected features
    right = encode_selected(*case, k, *selection, backend="reference")
    assert torch.equal(got.maxima_NS, right.maxima_NS)
    assert spent < t * f // 4


def test_leaders_come_first_where_they_are_few(monkeypatch: pytest.MonkeyPatch, product: CpuTuning) -> None:
    tuning = replace(product, pair_multiplications=0, pairs_at_once=2**20)
    encoded = []
    encode = screening._Groups.encode
    monkeypatch.setattr(
        screening._Groups, "encode", lambda self, r, u: encoded.append(len(r)) or encode(self, r, u)
    )
    pre = torch.rand(400, 64, generator=torch.Generator().manual_seed(0))
    pre[::100, 5] = 9.0  # each document's largest, and a member
    case = (torch.eye(400), pre.T.contiguous(), torch.zeros(64))
    got = encode_selected(
        *case, 3, torch.tensor([5]), torch.arange(400) // 100, torch.zeros(1), backend=CpuBackend(tuning)
    )
    assert got.tokens_NS[:, 0].tolist() == [0, 100, 200, 300]
    assert encoded == [4, 0]
