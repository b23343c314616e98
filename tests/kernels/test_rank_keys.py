"""Rank keys: one integer order for value descending, index ascending."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from scopesift_kernels.rank_keys import NONE, key_indices, key_values, rank_keys

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
pairs = st.lists(st.tuples(floats, st.integers(0, 2**32 - 1)), min_size=1, max_size=30)


@given(pairs)
def test_keys_sort_as_values_then_lowest_index(items: list[tuple[float, int]]) -> None:
    values, indices = (torch.tensor(column) for column in zip(*items, strict=True))
    keys = rank_keys(values.float(), indices)
    by_key = sorted(items, key=lambda item: -int(rank_keys(torch.tensor(item[0]), torch.tensor(item[1]))))
    assert by_key == sorted(items, key=lambda item: (-item[0], item[1]))
    assert torch.equal(key_values(keys), values.float())
    assert torch.equal(key_indices(keys), indices)
    assert bool((keys > NONE).all())


def test_negative_zero_ranks_with_zero() -> None:
    zeros = torch.tensor([-0.0, 0.0])
    assert rank_keys(zeros, torch.tensor([5, 5])).unique().numel() == 1


def test_no_feature_reads_as_minus_infinity() -> None:
    assert key_values(torch.tensor([NONE])).item() == float("-inf")
