import itertools
import random

import numpy as np
import pytest
from scopesift_features.reading.batching.batch_plan import STARTS_A_FULL_BATCH, plan_batches


def places(batches, lengths):
    return sum(len(items) * lengths[items[0]] for items in batches)


def fits(items, lengths):
    return len(items) == 1 or len(items) * lengths[items[0]] <= 120


def cost(batches, lengths, max_tokens):
    return places(batches, lengths) + len(batches) * (max_tokens // STARTS_A_FULL_BATCH)


@pytest.mark.parametrize("seed", range(20))
def test_every_item_is_in_one_batch_within_the_budget_and_the_longest_comes_first(seed):
    chance = random.Random(seed)
    lengths = [chance.choice([1, 2, 8, 30, 200]) + chance.randrange(8) for _ in range(chance.randrange(60))]
    batches = plan_batches(lengths, 100)
    flat = [int(item) for items in batches for item in items]
    assert sorted(flat) == list(range(len(lengths)))
    assert [lengths[item] for item in flat] == sorted(lengths, reverse=True)
    assert all(len(items) == 1 or len(items) * lengths[items[0]] <= 100 for items in batches)


@pytest.mark.parametrize("seed", range(10))
def test_no_other_cut_of_the_sorted_items_costs_less(seed):
    chance = random.Random(seed)
    lengths = sorted((chance.randrange(1, 60) for _ in range(9)), reverse=True)
    cuts = (
        np.split(np.arange(9), np.flatnonzero(between) + 1)
        for between in itertools.product([False, True], repeat=8)
    )
    best = min(cost(cut, lengths, 120) for cut in cuts if all(fits(items, lengths) for items in cut))
    assert cost(plan_batches(lengths, 120), lengths, 120) == best


def test_a_small_call_is_split_instead_of_padded_to_its_longest_text():
    lengths = [200, 12, 11, 10, 10, 9]
    assert [items.tolist() for items in plan_batches(lengths, 4096)] == [[0], [1, 2, 3, 4, 5]]


def test_equal_lengths_keep_their_order():
    assert [items.tolist() for items in plan_batches([5, 7, 5, 7, 5], 1000)] == [[1, 3, 0, 2, 4]]
