"""Selected features by Triton's rounds, in the interpreter or on a GPU, against the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scopesift_kernels import encode_selected, encode_topk
from scopesift_kernels.triton.tuning import TritonTuning

if TYPE_CHECKING:
    from scopesift_kernels.triton.backend import TritonBackend

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


@pytest.fixture
def same_selected(small_triton: TritonBackend) -> Callable[..., list]:
    """`encode_selected`, which has to say what the reference says; sizes may be given by name."""

    def compared(
        case: tuple, k: int, *selection: torch.Tensor, n_documents: int | None = None, **sizes: int
    ) -> list:
        args = (*(tensor.to(DEVICE) for tensor in case), k, *(tensor.to(DEVICE) for tensor in selection))
        backend = replace(small_triton, tuning=replace(small_triton.tuning, **sizes))
        got = encode_selected(*args, n_documents=n_documents, backend=backend)
        right = encode_selected(*args, n_documents=n_documents, backend="reference")
        assert torch.equal(got.maxima_NS, right.maxima_NS)
        assert torch.equal(got.tokens_NS, right.tokens_NS)
        return got.tokens_NS.tolist()

    return compared


@pytest.fixture
def asked(triton_here: None, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """[tokens that were asked about, groups that stayed open] of every round."""
    from scopesift_kernels.triton.selected import _Groups

    seen: list[list[int]] = []
    lead = _Groups.lead

    def noted(self: _Groups, number: int) -> None:
        lead(self, number)
        seen.append(self.counts[number].tolist()[:2])

    monkeypatch.setattr(_Groups, "lead", noted)
    return seen


@pytest.fixture
def finished(triton_here: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tokens that were left when the rounds were over, and after the gate if there was one."""
    from scopesift_kernels.triton.selected import _Groups

    left: list[int] = []
    undecided = _Groups.undecided

    def noted(self: _Groups) -> torch.Tensor:
        found = undecided(self)
        left.append(found.numel())
        return found

    monkeypatch.setattr(_Groups, "undecided", noted)
    return left


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=4), d=st.integers(1, 17), f=st.integers(1, 90),
    k=st.integers(1, 9), s=st.integers(0, 6), span=st.integers(0, 3), floor=st.integers(0, 6),
    seed=st.integers(0, 9999), dtype=st.sampled_from(DTYPES),
)  # fmt: skip
def test_any_small_selection_equals_the_reference(
    same_selected: Callable,
    whole: Callable, lengths: list[int], d: int, f: int, k: int, s: int, span: int, floor: int, seed: int,
    dtype: torch.dtype,
) -> None:  # fmt: skip
    g = torch.Generator().manual_seed(seed)
    documents = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    features = torch.randint(0, f, (s,), generator=g)  # some twice
    floors = torch.randint(0, floor + 1, (s,), generator=g).float()
    case = whole(len(documents), d, f, seed, span, dtype)
    same_selected(case, min(k, f), features, documents, floors, n_documents=len(lengths))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_documents_that_cross_slabs_and_gaps_between_them_are_pooled(
    same_selected: Callable, whole: Callable, dtype: torch.dtype
) -> None:
    features, documents = torch.tensor([0, 7, 33, 69, 5]), torch.tensor([0] * 14 + [1] * 5 + [3])
    case = whole(20, 9, 70, seed=8, dtype=dtype)
    same_selected(case, 6, features, documents, torch.tensor([0.0, 1, 2, 0, 3]))


def tokens_with(pre: list[list[float]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A case whose pre-activations are these, `[T, F]`."""
    table = torch.tensor(pre)
    return torch.eye(len(pre)), table.T.contiguous(), torch.zeros(table.shape[1])


def test_a_leader_that_is_a_member_closes_its_group_after_one_question(
    same_selected: Callable, asked: list
) -> None:
    case = tokens_with([[5.0, 1, 1, 1], [4.0, 1, 1, 1]])
    assert same_selected(case, 1, torch.tensor([0]), torch.tensor([0, 0]), torch.zeros(1)) == [[0]]
    assert asked == [[1, 1], [0, 0]]


def test_a_refused_leader_is_followed_by_the_next_while_half_of_the_groups_close(
    same_selected: Callable, asked: list, finished: list
) -> None:
    case = tokens_with([[3.0, 1, 1, 1], [5.0, 9, 1, 1], [4.0, 1, 1, 1]])
    assert same_selected(case, 1, torch.tensor([0]), torch.tensor([0, 1, 1]), torch.zeros(1)) == [[0], [2]]
    assert asked == [[2, 2], [1, 1], [0, 0]]
    assert finished == []


def test_what_a_round_hardly_settles_is_encoded(same_selected: Callable, asked: list, finished: list) -> None:
    case = tokens_with([[5.0, 9, 1, 1], [4.0, 1, 1, 1]])
    assert same_selected(case, 1, torch.tensor([0]), torch.tensor([0, 0]), torch.zeros(1)) == [[1]]
    assert asked == [[1, 1], [1, 1], [0, 0]]
    assert finished == [1]


def test_one_answer_settles_all_pairs_that_rank_on_its_side(same_selected: Callable, asked: list) -> None:
    """Features 0, 1 and 2 lead on one token that is asked about two of them."""
    case = tokens_with([[3.0, 4, 5, 9, 9]])
    assert same_selected(case, 2, torch.tensor([2, 1, 0]), torch.tensor([0]), torch.zeros(3)) == [[-1] * 3]
    assert asked[:2] == [[1, 3], [0, 0]]


def test_equal_values_of_a_token_are_ranked_by_index(same_selected: Callable) -> None:
    case = tokens_with([[3.0, 3, 3, 3]])
    features = torch.tensor([3, 1, 2, 0])
    assert same_selected(case, 2, features, torch.tensor([0]), torch.zeros(4)) == [[-1, 0, -1, 0]]


def test_the_earliest_of_equal_tokens_leads_and_a_refused_one_makes_room_for_the_next(
    same_selected: Callable,
) -> None:
    case = tokens_with([[5.0, 9], [5.0, 1], [5.0, 1]])
    assert same_selected(case, 1, torch.tensor([0]), torch.tensor([0, 0, 0]), torch.zeros(1)) == [[1]]


def test_tokens_that_find_no_room_are_asked_about_later(same_selected: Callable, asked: list) -> None:
    case = tokens_with([[1.0 + (row == column) for column in range(9)] for row in range(7)])
    features, floors = torch.arange(7), torch.ones(7)
    tokens = same_selected(case, 1, features, torch.arange(7), floors)
    assert [tokens[row][row] for row in range(7)] == list(range(7))
    assert [row[0] for row in asked] == [7, 2, 0]  # there is room for five


def test_what_rounds_leave_open_is_encoded_behind_a_gate(
    same_selected: Callable, asked: list, finished: list
) -> None:
    """Every token has four features above the one that is read, so that no leader is ever a member."""
    case = tokens_with([[9.0 - token, *[20.0] * 4, *[0.0] * 11] for token in range(6)])
    assert same_selected(case, 4, torch.tensor([0]), torch.zeros(6, dtype=torch.int64), torch.zeros(1)) == [
        [-1]
    ]
    assert [row[1] for row in asked] == [1, 1, 0]
    assert finished == [5, 0]  # one was asked about; the gate refuses the rest


def test_where_every_token_holds_a_leader_nobody_asks(
    same_selected: Callable, asked: list, finished: list, whole: Callable
) -> None:
    selection = (torch.arange(20), torch.arange(6), torch.zeros(20))
    same_selected(whole(6, 9, 70, seed=8), 6, *selection, pairs_at_once=2**20, asked_share=4)
    assert asked[0][0] == 6
    assert len(asked) == 3  # at the start, after a round that does nothing, and when all is known
    assert finished[0] == 6


def test_where_nothing_exceeds_its_floor_nothing_is_asked(
    same_selected: Callable, asked: list, finished: list
) -> None:
    case = tokens_with([[5.0, 9, 1, 1], [4.0, 1, 1, 1]])
    assert same_selected(case, 1, torch.tensor([0]), torch.tensor([0, 0]), torch.full((1,), 9.0)) == [[-1]]
    assert asked == [[0, 0], [0, 0]]
    assert finished == []


def test_a_gate_keeps_what_equals_its_bound(same_selected: Callable) -> None:
    """The k-th largest over the hot features is the very value that is asked about."""
    rows = [[*[0.0] * 5, 5.0, *[9.0] * 2, *[5.0] * 8] for _ in range(6)]
    rows[0][0] = 20.0  # refused, which ends the rounds
    assert same_selected(
        tokens_with(rows), 3, torch.tensor([5]), torch.zeros(6, dtype=torch.int64), torch.zeros(1)
    ) == [[1]]


def test_floors_of_any_stride_are_read_right(same_selected: Callable, whole: Callable) -> None:
    features, documents = torch.tensor([0, 7, 33]), torch.zeros(10, dtype=torch.int64)
    case = whole(10, 9, 70, seed=8)
    # on the device from the start: moving would make them contiguous
    same_selected(case, 6, features, documents, torch.tensor([0.0, 9, 5, 9, 1, 9], device=DEVICE)[::2])
    same_selected(case, 6, features, documents, torch.ones(1, device=DEVICE).expand(3))


@pytest.mark.parametrize("dtypes", [(torch.float32, torch.float32), (torch.bfloat16, torch.float32)], ids=str)
def test_residuals_and_weights_of_any_stride_are_read_right(
    same_selected: Callable, whole: Callable, dtypes: tuple
) -> None:
    x, W, b = (tensor.to(DEVICE) for tensor in whole(10, 40, 70, seed=8))
    x, W = x.to(dtypes[0]), W.to(dtypes[1])
    rest = (torch.tensor([0, 7, 33]), torch.zeros(10, dtype=torch.int64), torch.zeros(3))
    for case in (
        (x[:, :33], W[:, :33], b),  # rows of 16 bytes, an odd number of columns
        (x.T.contiguous().T, W.T.contiguous().T, b),
        (x[:, ::2], W[:, ::2], b),
        (x[:1].expand(10, 40), W, b),
    ):
        same_selected(case, 6, *rest)


def test_bfloat16_residuals_meet_every_bit_of_float32_weights(
    small_triton: TritonBackend, normal: Callable, float64_check: Callable
) -> None:
    """As the sum of three bfloat16 matrices; one of them alone would be off by more than float32 rounding."""
    case = normal(3, 130, 131, seed=2)
    case = type(case)(case.x_TD.bfloat16().to(DEVICE), case.W_enc_FD.to(DEVICE), case.b_enc_F.to(DEVICE))
    float64_check(case, 7, *encode_topk(*case, 7, backend=small_triton))


def test_the_parts_of_a_weight_sum_to_it_and_are_made_again_when_it_changes(triton_here: None) -> None:
    from scopesift_kernels.arguments import check_problem
    from scopesift_kernels.triton.weights import encoder_weights

    W = torch.tensor([[1.0, 1 / 3, 1e-7], [-3.1415927, 1e30, 16777217.0]], device=DEVICE)
    x, b = torch.ones(1, 3, device=DEVICE, dtype=torch.bfloat16), torch.zeros(2, device=DEVICE)

    def summed() -> torch.Tensor:
        weights = encoder_weights(check_problem(x, W, b, 1), TritonTuning())
        return weights.matrix_CW.double().view(2, 3, -1).sum(dim=1)[:, :3]

    assert torch.equal(summed(), W.double())
    W *= 1.1
    assert torch.equal(summed(), W.double())


@pytest.mark.parametrize(("name", "value"), [("few_tokens", 256), ("many_features", 16)])
def test_few_tokens_or_many_features_are_read_off_the_full_encode(
    same_selected: Callable, whole: Callable, monkeypatch: pytest.MonkeyPatch, name: str, value: int
) -> None:
    from scopesift_kernels.triton import backend

    monkeypatch.setattr(backend, "screen", None)
    features, documents = torch.tensor([0, 7, 33, 69, 5]), torch.tensor([0] * 4 + [1] * 5 + [3])
    same_selected(
        whole(10, 9, 70, seed=8), 6, features, documents, torch.tensor([0.0, 1, 2, 0, 3]), **{name: value}
    )


def count(
    tuning: TritonTuning, W: torch.Tensor, value: torch.Tensor, feature: torch.Tensor, rows: int
) -> list:
    """Counts of a residual of ones against the first rows of pairs."""
    from scopesift_kernels.arguments import check_problem
    from scopesift_kernels.triton.products import count_before
    from scopesift_kernels.triton.weights import encoder_weights

    x, W = torch.ones(len(value), 1, device=DEVICE), W.to(DEVICE)
    weights = encoder_weights(check_problem(x, W, torch.zeros(len(W), device=DEVICE), 1), tuning)
    counts = torch.zeros(feature.shape, dtype=torch.int32, device=DEVICE)
    n_rows = torch.tensor([rows], dtype=torch.int32, device=DEVICE)
    count_before(x, weights, value.to(DEVICE), feature.to(DEVICE, torch.int32), counts, n_rows)
    return counts.tolist()


def test_a_feature_never_counts_against_itself(small_triton: TritonBackend) -> None:
    """Its value may come from another tile with other last bits."""
    W = torch.tensor([[3.0], [2.0], [1.0]])
    value = torch.tensor([[2.0 - 2**-22, 3.0]])
    assert count(small_triton.tuning, W, value, torch.tensor([[1, 0]]), 1) == [[1, 0]]


def test_counting_ranks_equal_values_by_index(small_triton: TritonBackend) -> None:
    W = torch.tensor([[2.0], [3.0], [2.0], [2.0]])
    assert count(small_triton.tuning, W, torch.tensor([[2.0, 2.0]]), torch.tensor([[2, 0]]), 1) == [[2, 1]]


def test_rows_past_the_count_on_the_device_are_left_alone(small_triton: TritonBackend) -> None:
    W, value = torch.tensor([[2.0], [3.0]]), torch.zeros(3, 1)
    counts = count(small_triton.tuning, W, value, torch.zeros(3, 1, dtype=torch.int64), 2)
    assert counts == [[1], [1], [0]]


@pytest.mark.parametrize("few", [0, 256])
@pytest.mark.parametrize("slabs", [False, True])
def test_bad_residuals_and_documents_are_refused_although_the_gpu_is_given_work_before_it_is_asked(
    small_triton: TritonBackend, whole: Callable, few: int, slabs: bool
) -> None:
    """A slab of two documents ends before the third: a fall between slabs is in none of them."""
    tuning = replace(small_triton.tuning, few_tokens=few, pairs_at_once=4 if slabs else 64)
    backend = replace(small_triton, tuning=tuning)
    x, W, b = (tensor.to(DEVICE) for tensor in whole(6, 9, 70, seed=8))
    features, floors = torch.tensor([0, 7], device=DEVICE), torch.zeros(2, device=DEVICE)

    def encode(x: torch.Tensor, documents: list[int], n_documents: int = 3) -> None:
        args = (features, torch.tensor(documents, device=DEVICE), floors)
        encode_selected(x, W, b, 6, *args, n_documents=n_documents, backend=backend)

    encode(x, [0, 0, 1, 1, 2, 2])
    for documents in ([0, 0, 2, 2, 1, 1], [0, 1, 0, 1, 2, 2], [-1, 0, 1, 1, 2, 2], [2, 2, 2, 2, 2, -(2**40)]):
        with pytest.raises(ValueError, match="non-decreasing"):
            encode(x, documents)
    for documents in ([0, 0, 1, 1, 2, 3], [0, 0, 1, 1, 2, 2**40]):
        with pytest.raises(ValueError, match="n_documents has to be at least"):
            encode(x, documents)
    for bad in (float("nan"), float("inf"), float("-inf")):
        with pytest.raises(ValueError, match="token 4"):
            encode(torch.where(torch.arange(6, device=DEVICE)[:, None] == 4, bad, x), [0, 0, 1, 1, 2, 2])
    with pytest.raises(ValueError, match="beyond float32"):
        encode(x * 1e38, [0, 0, 1, 1, 2, 2])


def test_huge_residuals_that_do_not_overflow_are_the_references(same_selected: Callable) -> None:
    x, W = torch.full((2, 4), 1e25), torch.diag(torch.full((4,), 1e13))
    documents = torch.tensor([0, 1])
    same_selected((x, W, torch.zeros(4)), 2, torch.tensor([1, 3]), documents, torch.zeros(2))


def test_rows_without_room_are_done_again_where_all_is_encoded(
    same_selected: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scopesift_kernels.triton import topk

    repaired = []
    repair = topk.Launched.repair
    monkeypatch.setattr(topk.Launched, "repair", lambda self: repaired.append(1) or repair(self))
    x = torch.tensor([[0.0], [1.0], [0.0]])  # two constant rows and a falling one
    case = (x, -torch.arange(100.0)[:, None], torch.ones(100))
    features, documents = torch.tensor([0, 3, 4, 99]), torch.tensor([0, 1, 2])
    tokens = same_selected(case, 4, features, documents, torch.zeros(4), few_tokens=256)
    assert tokens == [[0, 0, -1, -1], [1, -1, -1, -1], [2, 2, -1, -1]]
    assert repaired == [1]


def test_nothing_in_gives_nothing_out(same_selected: Callable) -> None:
    x, W, b = torch.ones(3, 4), torch.ones(40, 4), torch.zeros(40)
    none, features = torch.zeros(0, dtype=torch.int64), torch.tensor([1, 2])
    assert same_selected((x[:0], W, b), 2, features, none, torch.zeros(2), n_documents=2) == [[-1, -1]] * 2
    assert same_selected((x, W, b), 2, none, torch.tensor([0, 0, 1]), torch.zeros(0)) == [[], []]


@pytest.mark.usefixtures("triton_here")
def test_changed_weights_and_biases_are_seen_by_the_same_selection(small_triton: TritonBackend) -> None:
    x, W, bias = torch.ones(1, 4), torch.eye(40, 4), torch.zeros(40)
    x, W, bias = (tensor.to(DEVICE) for tensor in (x, W, bias))
    features, documents = (
        torch.tensor([1, 3], device=DEVICE),
        torch.zeros(1, dtype=torch.int64, device=DEVICE),
    )
    floors = torch.zeros(2, device=DEVICE)

    def maxima(bias: torch.Tensor) -> list[float]:
        found = encode_selected(x, W, bias, 4, features, documents, floors, backend=small_triton)
        return found.maxima_NS[0].tolist()

    assert maxima(bias) == [1.0, 1.0]
    assert maxima(bias + 1.0) == [2.0, 2.0]
    W.mul_(3.0)
    assert maxima(bias) == [3.0, 3.0]
    bias.add_(2.0)
    assert maxima(bias) == [5.0, 5.0]
