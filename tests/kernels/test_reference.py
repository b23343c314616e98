"""The reference against the definition, written out with loops in float64."""

from __future__ import annotations

import pytest
import torch
from scopesift_kernels import backends, encode_selected, encode_topk


def loops_topk(pre_TF: torch.Tensor, k: int) -> list[list[int]]:
    return [sorted(range(len(row)), key=lambda j: (-row[j], j))[:k] for row in pre_TF.tolist()]


def integers(*shape: int, seed: int, span: int = 3) -> torch.Tensor:
    """Small whole numbers: every product and sum is exact in any order, and ties abound."""
    return torch.randint(-span, span + 1, shape, generator=torch.Generator().manual_seed(seed)).float()


def test_topk_is_the_sorted_definition_with_ties() -> None:
    x, W, b = integers(9, 5, seed=0), integers(33, 5, seed=1), integers(33, seed=2)
    pre = x.double() @ W.double().T + b.double()
    values, indices = encode_topk(x, W, b, 7, backend="reference")
    assert indices.tolist() == loops_topk(pre, 7)
    assert torch.equal(values, torch.relu(pre.gather(1, indices)).float())
    assert values.dtype == torch.float32
    assert indices.dtype == torch.int64


def test_ties_go_to_the_lowest_index() -> None:
    x, W, b = torch.ones(1, 2), torch.ones(6, 2), torch.zeros(6)
    assert encode_topk(x, W, b, 4, backend="reference").indices_TK.tolist() == [[0, 1, 2, 3]]


def test_negative_pre_activations_are_listed_with_value_zero() -> None:
    x, W = torch.ones(1, 1), torch.tensor([[-3.0], [-1.0], [-2.0]])
    values, indices = encode_topk(x, W, torch.zeros(3), 2, backend="reference")
    assert values.tolist() == [[0.0, 0.0]]
    assert indices.tolist() == [[1, 2]]


def test_selected_is_the_definition_by_counting() -> None:
    x, W, b = integers(40, 6, seed=3), integers(29, 6, seed=4), integers(29, seed=5)
    documents = torch.tensor([0] * 7 + [2] * 20 + [3] * 13)
    features, floors = torch.tensor([4, 28, 0, 4]), torch.tensor([0.0, 2.0, 5.0, 7.0])
    pre = (x.double() @ W.double().T + b.double()).tolist()
    got = encode_selected(x, W, b, 6, features, documents, floors, n_documents=5, backend="reference")
    for n in range(5):
        for i, (s, floor) in enumerate(zip(features.tolist(), floors.tolist(), strict=True)):
            best, where = 0.0, -1
            for t in (documents == n).nonzero().flatten().tolist():
                z = pre[t]
                rank = sum(z[j] > z[s] or (z[j] == z[s] and j < s) for j in range(29))
                if rank < 6 and z[s] > floor and z[s] > best:
                    best, where = z[s], t
            assert (float(got.maxima_NS[n, i]), int(got.tokens_NS[n, i])) == (best, where)


def test_equal_maxima_name_the_earliest_token() -> None:
    x, W, b = torch.tensor([[1.0], [2.0], [2.0]]), torch.tensor([[1.0], [0.0]]), torch.zeros(2)
    args = (torch.tensor([0]), torch.zeros(3, dtype=torch.int64), torch.zeros(1))
    got = encode_selected(x, W, b, 1, *args, backend="reference")
    assert (got.maxima_NS.item(), got.tokens_NS.item()) == (2.0, 1)


def test_an_activation_equal_to_the_floor_does_not_count() -> None:
    x, W, b = torch.tensor([[2.0]]), torch.tensor([[1.0]]), torch.zeros(1)
    args = (torch.tensor([0]), torch.tensor([0]), torch.tensor([2.0]))
    got = encode_selected(x, W, b, 1, *args, backend="reference")
    assert (got.maxima_NS.item(), got.tokens_NS.item()) == (0.0, -1)


def test_reference_is_the_first_backend() -> None:
    assert backends()[0] == "reference"


def test_an_unknown_backend_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'gpu'"):
        encode_topk(torch.ones(1, 1), torch.ones(1, 1), torch.ones(1), 1, backend="gpu")
