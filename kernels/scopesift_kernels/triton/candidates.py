# mypy: disable-error-code="no-untyped-def,untyped-decorator"
# ruff: noqa: ANN001, ANN201, ANN202 -- pointers and compile-time values have no Python types
"""Triton: from pre-activations and block maxima to the exact top-k, one row per program of one warp.

Find the blocks that can hold a member of the top-k, collect the elements that can be one, and rank those. Only these
few candidates are sorted.
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
def unordered(prepared):
    """The floats that `ordered` has prepared."""
    signed = (prepared ^ 0x80000000).to(tl.int32, bitcast=True)
    return (signed ^ ((signed >> 31) & 0x7FFFFFFF)).to(tl.float32, bitcast=True)


@triton.jit
def _prepared(keys):
    # the values in `rank_key`s, as `ordered` had prepared them
    return (keys >> 32).to(tl.int32).to(tl.uint32, bitcast=True) ^ 0x80000000


@triton.jit
def _kth_largest(maxima, k, ROWS: tl.constexpr, BITS: tl.constexpr):
    # Bit by bit, the largest threshold that at least k of a row's maxima reach. Fewer bits give a slightly lower bound.
    threshold = tl.zeros((ROWS,), dtype=tl.uint32)
    for bit in tl.static_range(BITS):
        higher = threshold | (0x80000000 >> bit)
        enough = tl.sum((maxima >= higher[:, None]).to(tl.int32), axis=1) >= k
        threshold = tl.where(enough, higher, threshold)
    return threshold


@triton.jit
def find_bounds(
    hint_ptr, bound_ptr, n_rows, n_blocks, hint_stride, k,
    BITS: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """A lower bound of each row's k-th largest pre-activation: the k-th largest maximum of some of its blocks."""
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    lanes = tl.arange(0, WIDTH)
    inside = (rows < n_rows)[:, None] & (lanes < n_blocks)[None, :]
    places = rows.to(tl.int64)[:, None] * hint_stride + lanes[None, :]
    maxima = ordered(tl.load(hint_ptr + places, mask=inside, other=float("-inf")))
    tl.store(bound_ptr + rows, unordered(_kth_largest(maxima, k, ROWS, BITS)), mask=rows < n_rows)


@triton.jit
def select_candidates(
    hint_ptr, pre_ptr, bound_ptr, block_ptr, key_ptr, running_ptr, spilled_ptr, spills_ptr, n_blocks, n_columns, k,
    first, KNOWN: tl.constexpr, MERGE: tl.constexpr, SEARCH: tl.constexpr, BITS: tl.constexpr, WIDTH: tl.constexpr,
    TOGETHER: tl.constexpr, BLOCK: tl.constexpr, AT_ONCE: tl.constexpr, ROOM: tl.constexpr, FEW: tl.constexpr,
    MANY: tl.constexpr, TOP: tl.constexpr, NONE: tl.constexpr,
):  # fmt: skip
    """Take a row's pre-activations of the features from `first` on into its running top-k.

    Blocks whose maximum doesn't reach the bound hold no member of the top-k and are not read; with KNOWN, those below
    the bound in `bound_ptr` may not have been written. A row with more than ROOM candidates is flagged. Then the bound
    becomes the value that a later feature must reach to enter.
    """
    row = tl.program_id(0).to(tl.int64)
    lanes = tl.arange(0, WIDTH)[None, :]
    hints = ordered(tl.load(hint_ptr + row * n_blocks + lanes, mask=lanes < n_blocks, other=float("-inf")))
    bound = tl.zeros((1,), dtype=tl.uint32)
    if SEARCH:
        # k blocks hold an element as large as the k-th largest of their maxima: so do k groups of TOGETHER blocks
        maxima = hints
        if TOGETHER > 1:  # neighbours are in one thread's registers
            maxima = tl.max(tl.reshape(hints, (1, WIDTH // TOGETHER, TOGETHER)), axis=2)
        bound = _kth_largest(maxima, k, 1, BITS)
    if KNOWN:
        bound = tl.maximum(bound, ordered(tl.load(bound_ptr + row + tl.arange(0, 1))))
    hot = ((hints >= bound[:, None]) & (lanes < n_blocks)).to(tl.int32)
    n_hot = tl.sum(hot)
    tl.store(block_ptr + row * n_blocks + tl.cumsum(hot, axis=1) - 1, lanes, mask=hot > 0)
    tl.debug_barrier()  # the list is read by other threads

    found = tl.zeros((), dtype=tl.int32)
    for start in range(0, n_hot, AT_ONCE):
        places = start + tl.arange(0, AT_ONCE)
        blocks = tl.load(block_ptr + row * n_blocks + places, mask=places < n_hot, other=0)
        columns = blocks[:, None] * BLOCK + tl.arange(0, BLOCK)[None, :]
        inside = (places < n_hot)[:, None] & (columns < n_columns)
        pre = ordered(tl.load(pre_ptr + row * n_columns + columns, mask=inside, other=float("-inf")))
        hit = tl.reshape((inside & (pre >= bound[:, None])).to(tl.int32), (AT_ONCE * BLOCK,))
        keys = rank_key(pre, first + columns)
        place = found + tl.cumsum(hit, axis=0) - 1
        keep = (hit > 0) & (place < ROOM)
        tl.store(key_ptr + row * ROOM + place, tl.reshape(keys, (AT_ONCE * BLOCK,)), mask=keep)
        found += tl.sum(hit, axis=0)
    spilled = found > ROOM
    tl.store(spilled_ptr + row, spilled.to(tl.int32), mask=spilled | (first == 0))
    tl.atomic_add(spills_ptr, 1.0, mask=spilled)
    found = tl.minimum(found, ROOM)
    tl.debug_barrier()  # so are the keys

    running, keys, bounds = running_ptr + row * k, key_ptr + row * ROOM, bound_ptr + row
    if found + (k if MERGE else 0) <= FEW:  # a shorter sort is enough
        _rank(running, keys, bounds, found, k, MERGE, FEW, TOP, NONE)
    else:
        _rank(running, keys, bounds, found, k, MERGE, MANY, TOP, NONE)


@triton.jit
def _rank(
    running_ptr, key_ptr, bound_ptr, found, k, MERGE: tl.constexpr, WIDTH: tl.constexpr, TOP: tl.constexpr,
    NONE: tl.constexpr,
):  # fmt: skip
    lanes = tl.arange(0, WIDTH)
    before = k if MERGE else 0
    keys = tl.load(key_ptr + lanes - before, mask=(lanes >= before) & (lanes < before + found), other=NONE)
    if MERGE:
        keys = tl.where(lanes < k, tl.load(running_ptr + lanes, mask=lanes < k, other=NONE), keys)
    top = tl.topk(keys, TOP)
    ranks = tl.arange(0, TOP)
    tl.store(running_ptr + ranks, top, mask=ranks < k)
    last = tl.min(tl.where(ranks < k, top, 0x7FFFFFFFFFFFFFFF), axis=0)
    # Later features lose ties: they have to be strictly larger.
    tl.store(bound_ptr, unordered(_prepared(last) + 1))


@triton.jit
def unpack_keys(key_ptr, value_ptr, index_ptr, n_keys, SIZE: tl.constexpr):
    """Write the values (after ReLU) and indices of rank keys."""
    lanes = tl.program_id(0).to(tl.int64) * SIZE + tl.arange(0, SIZE)
    inside = lanes < n_keys
    keys = tl.load(key_ptr + lanes, mask=inside, other=0)
    values = unordered(_prepared(keys))
    tl.store(value_ptr + lanes, tl.maximum(values, 0.0), mask=inside)
    tl.store(index_ptr + lanes, 0xFFFFFFFF - (keys & 0xFFFFFFFF), mask=inside)
