"""The plan of batches: which items are run together, from their lengths alone.

Everything that runs in batches is planned here: windows for the model, and the texts of concurrent calls.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Starting a batch (small operations, reading all weights once) costs as much as running a sixteenth of a full one:
# budgets are chosen so that it does (`python -m bench batches`).
STARTS_A_FULL_BATCH = 16


def plan_batches(lengths: Sequence[int], max_tokens: int) -> list[NDArray[np.int64]]:
    """Split items of different lengths into batches at the least cost.

    Items are sorted by length, longest first, so that the memory peak comes first. Among all ways to cut the sorted
    items into batches it takes the one whose padded tokens and starts of batches cost least, by dynamic programming
    over the cuts. Equal lengths in equal order give equal batches.

    Args:
        lengths: tokens of each item, from 1 on.
        max_tokens: maximum tokens of a batch, including padding; a longer item gets its own batch.

    Returns:
        For each batch the indices of its items, int64, longest first; equally long ones in the given order.
    """
    order_W = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    length_W = np.asarray(lengths, dtype=np.int64)[order_W]
    start = max_tokens // STARTS_A_FULL_BATCH
    cost_W = np.zeros(len(order_W) + 1, dtype=np.int64)  # of all batches before each cut
    begin_W = np.zeros(len(order_W) + 1, dtype=np.int64)  # begin of the batch that ends at each cut
    least = 0
    for end in range(1, len(order_W) + 1):
        while least < end - 1 and (end - least) * length_W[least] > max_tokens:
            least += 1
        items = np.arange(end - least, 0, -1)
        costs = cost_W[least:end] + items * length_W[least:end]
        best = int(costs.argmin())
        cost_W[end], begin_W[end] = costs[best] + start, least + best
    batches = []
    end = len(order_W)
    while end:
        begin = int(begin_W[end])
        batches.append(order_W[begin:end])
        end = begin
    return batches[::-1]
