# mypy: disable-error-code="no-untyped-def,untyped-decorator"
# ruff: noqa: ANN001, ANN201 -- pointers and compile-time values have no Python types
"""Triton: from pre-activations and block maxima to the exact top-k, one row per program.

Three steps: find the blocks that can hold a member of the top-k, collect the elements that can be one, and rank those.
Only these few candidates are sorted.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def ordered(values):
    """Unsigned integers in the order of the floats; -0.0 equals 0.0 and has to stay equal."""
    bits = tl.where(values == 0.0, 0.0, values).to(tl.int32, bitcast=True)
    signed = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    return signed.to(tl.uint32, bitcast=True) ^ 0x80000000


@triton.jit
def rank_key(prepared, features):
    """`rank_keys` of values that `ordered` has prepared."""
    signed = (prepared ^ 0x80000000).to(tl.int32, bitcast=True).to(tl.int64)
    return (signed << 32) | (0xFFFFFFFF - features.to(tl.int64))


@triton.jit
def find_hot_blocks(
    hint_ptr, least_ptr, block_ptr, count_ptr, bound_ptr, n_blocks, k, first,
    SEARCH: tl.constexpr, WIDTH: tl.constexpr, TOGETHER: tl.constexpr,
):  # fmt: skip
    """List the blocks whose maximum reaches the bound: the k-th largest maximum, or the k-th key of the running top-k.

    k blocks hold an element as large as the k-th largest of their maxima, so no smaller element is among the k largest.
    That holds for blocks of any size: the search uses maxima over groups of TOGETHER blocks.
    """
    row = tl.program_id(0).to(tl.int64)
    lanes = tl.arange(0, WIDTH)
    hints = ordered(tl.load(hint_ptr + row * n_blocks + lanes, mask=lanes < n_blocks, other=float("-inf")))
    bound = tl.load(least_ptr + row, mask=first > 0, other=0).to(tl.uint32, bitcast=True)
    if SEARCH:
        maxima = hints
        if TOGETHER > 1:  # neighbours are in one thread's registers
            maxima = tl.max(tl.reshape(hints, (WIDTH // TOGETHER, TOGETHER)), axis=1)
        # Bit by bit, the largest threshold that at least k maxima reach.
        threshold = tl.zeros((), dtype=tl.uint32)
        for bit in tl.static_range(32):
            higher = threshold | (0x80000000 >> bit)
            enough = tl.sum((maxima >= higher).to(tl.int32), axis=0) >= k
            threshold = tl.where(enough, higher, threshold)
        bound = tl.maximum(bound, threshold)
    hot = ((hints >= bound) & (lanes < n_blocks)).to(tl.int32)
    tl.store(block_ptr + row * n_blocks + tl.cumsum(hot, axis=0) - 1, lanes, mask=hot > 0)
    tl.store(count_ptr + row, tl.sum(hot, axis=0))
    tl.store(bound_ptr + row, bound.to(tl.int32, bitcast=True))


@triton.jit
def collect_candidates(
    pre_ptr, block_ptr, count_ptr, bound_ptr, key_ptr, found_ptr, spilled_ptr, spills_ptr, n_columns, n_blocks,
    first, ROOM: tl.constexpr, BLOCK: tl.constexpr, AT_ONCE: tl.constexpr,
):  # fmt: skip
    """Write the rank keys of the elements that reach the bound; flag rows with more than ROOM of them."""
    row = tl.program_id(0).to(tl.int64)
    n_hot = tl.load(count_ptr + row)
    bound = tl.load(bound_ptr + row).to(tl.uint32, bitcast=True)
    found = tl.zeros((), dtype=tl.int32)
    for start in range(0, n_hot, AT_ONCE):
        places = start + tl.arange(0, AT_ONCE)
        blocks = tl.load(block_ptr + row * n_blocks + places, mask=places < n_hot, other=0)
        columns = blocks[:, None] * BLOCK + tl.arange(0, BLOCK)[None, :]
        inside = (places < n_hot)[:, None] & (columns < n_columns)
        pre = ordered(tl.load(pre_ptr + row * n_columns + columns, mask=inside, other=float("-inf")))
        hit = tl.reshape((inside & (pre >= bound)).to(tl.int32), (AT_ONCE * BLOCK,))
        keys = rank_key(pre, first + columns)
        place = found + tl.cumsum(hit, axis=0) - 1
        keep = (hit > 0) & (place < ROOM)
        tl.store(key_ptr + row * ROOM + place, tl.reshape(keys, (AT_ONCE * BLOCK,)), mask=keep)
        found += tl.sum(hit, axis=0)
    tl.store(found_ptr + row, tl.minimum(found, ROOM))
    spilled = found > ROOM
    tl.store(spilled_ptr + row, spilled.to(tl.int32), mask=spilled | (first == 0))
    tl.atomic_add(spills_ptr, 1.0, mask=spilled)


@triton.jit
def rank_candidates(
    running_ptr, key_ptr, found_ptr, least_ptr, k, first, NONE: tl.constexpr, ROOM: tl.constexpr,
    WIDTH: tl.constexpr, TOP: tl.constexpr,
):  # fmt: skip
    """Merge a row's candidates into its running top-k, and write the value that a later feature must reach to enter."""
    row = tl.program_id(0).to(tl.int64)
    lanes = tl.arange(0, WIDTH)
    found = tl.load(found_ptr + row)
    running = tl.load(running_ptr + row * k + lanes, mask=(lanes < k) & (first > 0), other=NONE)
    new = tl.load(key_ptr + row * ROOM + lanes - k, mask=(lanes >= k) & (lanes < k + found), other=NONE)
    top = tl.topk(tl.where(lanes < k, running, new), TOP)
    ranks = tl.arange(0, TOP)
    tl.store(running_ptr + row * k + ranks, top, mask=ranks < k)
    last = tl.min(tl.where(ranks < k, top, 0x7FFFFFFFFFFFFFFF), axis=0)
    # Later features lose ties: they have to be strictly larger.
    least = ((last >> 32).to(tl.int32).to(tl.uint32, bitcast=True) ^ 0x80000000) + 1
    tl.store(least_ptr + row, least.to(tl.int32, bitcast=True))


@triton.jit
def unpack_keys(key_ptr, value_ptr, index_ptr, n_keys, SIZE: tl.constexpr):
    """Write the values (after ReLU) and indices of rank keys."""
    lanes = tl.program_id(0).to(tl.int64) * SIZE + tl.arange(0, SIZE)
    inside = lanes < n_keys
    keys = tl.load(key_ptr + lanes, mask=inside, other=0)
    signed = (keys >> 32).to(tl.int32)
    values = (signed ^ ((signed >> 31) & 0x7FFFFFFF)).to(tl.float32, bitcast=True)
    tl.store(value_ptr + lanes, tl.maximum(values, 0.0), mask=inside)
    tl.store(index_ptr + lanes, 0xFFFFFFFF - (keys & 0xFFFFFFFF), mask=inside)
