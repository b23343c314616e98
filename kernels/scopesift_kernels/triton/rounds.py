# mypy: disable-error-code="no-untyped-def,untyped-decorator"
# ruff: noqa: ANN001, ANN201 -- pointers and compile-time values have no Python types
"""Triton: rounds of verification of the leaders, without synchronising with the host.

A pair is a (token, feature). The state of a token is two rank keys: pairs up to `refuted` are outside its top-k, pairs
from `member` on are inside. Counting one pair moves one of the two keys, which may decide other pairs too.
"""

from __future__ import annotations

import triton
import triton.language as tl

from scopesift_kernels.triton.candidates import ordered, rank_key
from scopesift_kernels.triton.tiles import rows_asked


@triton.jit
def begin(
    document_ptr, start_ptr, refuted_ptr, member_ptr, used_ptr, maximum_ptr, winner_ptr, disorder_ptr,
    n_tokens, n_documents, n_groups, n_used,
    NOTHING: tl.constexpr, EVERYTHING: tl.constexpr, OPEN: tl.constexpr, SIZE: tl.constexpr,
):  # fmt: skip
    """Initialise the state with all groups open; find where documents start, and flag documents out of order."""
    lanes = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    none = tl.zeros((SIZE,), dtype=tl.int32)
    tl.store(refuted_ptr + lanes, tl.full((SIZE,), NOTHING, tl.int64), mask=lanes < n_tokens)
    tl.store(member_ptr + lanes, tl.full((SIZE,), EVERYTHING, tl.int64), mask=lanes < n_tokens)
    tl.store(used_ptr + lanes, none, mask=lanes < n_used)
    tl.store(maximum_ptr + lanes, none.to(tl.float32), mask=lanes < n_groups)
    tl.store(winner_ptr + lanes, tl.full((SIZE,), OPEN, tl.int64), mask=lanes < n_groups)
    # Document n_documents starts after the last token.
    document = tl.load(document_ptr + lanes, mask=lanes < n_tokens, other=n_documents)
    before = tl.load(document_ptr + lanes - 1, mask=(lanes > 0) & (lanes <= n_tokens), other=-1)
    wrong = (document < before) | (document < 0) | (document >= n_documents)
    tl.store(disorder_ptr + none, none + 1, mask=(lanes < n_tokens) & wrong)
    # From -1 to n_documents every index is crossed upwards at least once, in any order: all starts are written.
    document = tl.minimum(tl.maximum(document, -1), n_documents).to(tl.int32)
    before = tl.minimum(tl.maximum(before, -1), n_documents).to(tl.int32)
    starting = tl.where(lanes <= n_tokens, document - before, 0)
    for number in range(0, tl.max(starting, axis=0)):
        tl.store(start_ptr + before + 1 + number, lanes, mask=number < starting)


@triton.jit
def find_leaders(
    pre_ptr, floor_ptr, feature_ptr, start_ptr, refuted_ptr, member_ptr, maximum_ptr, winner_ptr,
    used_ptr, value_ptr, asked_ptr, token_ptr, counts_ptr, n_selected, room,
    OPEN: tl.constexpr, SLOTS: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Close the (document, feature) groups whose leader is a known member, and queue the other groups' leaders.

    A leader is the largest pair above the floor that isn't refuted, on the earliest token. A round takes at most `room`
    tokens and SLOTS leaders per token; the others wait for the next round.
    """
    document = tl.program_id(0).to(tl.int64)
    columns = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    inside = columns < n_selected
    cells = document * n_selected + columns
    is_open = tl.load(winner_ptr + cells, mask=inside, other=-1) == OPEN
    if tl.sum(is_open.to(tl.int32), axis=0) > 0:
        floors = tl.load(floor_ptr + columns, mask=inside, other=float("inf"))
        features = tl.load(feature_ptr + columns, mask=inside, other=0).to(tl.int32)
        last = tl.load(start_ptr + document + 1)
        best = tl.full((COLUMNS,), float("-inf"), tl.float32)
        leader = tl.full((COLUMNS,), -1, tl.int32)
        for first in range(tl.load(start_ptr + document), last, ROWS):
            tokens = first + tl.arange(0, ROWS)
            there = (tokens < last)[:, None] & is_open[None, :]
            places = tokens.to(tl.int64)[:, None] * n_selected + columns[None, :]
            pre = tl.load(pre_ptr + places, mask=there, other=float("-inf"))
            refuted = tl.load(refuted_ptr + tokens, mask=tokens < last, other=0)[:, None]
            alive = there & (pre > floors[None, :]) & (rank_key(ordered(pre), features[None, :]) > refuted)
            seen = tl.where(alive, pre, float("-inf"))
            top = tl.max(seen, axis=0)
            earliest = tl.min(tl.where(alive & (seen == top[None, :]), tokens[:, None], 0x7FFFFFFF), axis=0)
            leader = tl.where(top > best, earliest, leader)
            best = tl.maximum(best, top)
        led = is_open & (leader >= 0)
        known = tl.load(member_ptr + leader, mask=led, other=0)
        won = led & (rank_key(ordered(best), features) >= known)
        tl.store(maximum_ptr + cells, best, mask=won)
        tl.store(winner_ptr + cells, leader, mask=won)
        tl.store(winner_ptr + cells, tl.full((COLUMNS,), -1, tl.int64), mask=is_open & (leader < 0))
        waits = led & (won == 0)
        tl.atomic_add(counts_ptr + 1, tl.sum(waits.to(tl.int32), axis=0))
        slots = tl.atomic_add(used_ptr + leader, 1, mask=waits)
        places = leader.to(tl.int64) * SLOTS + slots
        tl.store(value_ptr + places, best, mask=waits & (slots < SLOTS))
        tl.store(asked_ptr + places, features, mask=waits & (slots < SLOTS))
        is_new = (waits & (slots == 0)).to(tl.int32)
        rows = tl.atomic_add(counts_ptr, tl.sum(is_new, axis=0)) + tl.cumsum(is_new, axis=0) - 1
        tl.store(token_ptr + rows, leader, mask=(is_new > 0) & (rows < room))


@triton.jit
def gather_asked(
    x_ptr, token_ptr, used_ptr, value_ptr, asked_ptr, counts_ptr, gathered_ptr, row_value_ptr, row_asked_ptr,
    row_count_ptr, depth, token_stride, depth_stride, width, room, most, SLOTS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """Copy the residuals of the queued tokens and their queued pairs to contiguous rows."""
    row = tl.program_id(0)
    if row < rows_asked(counts_ptr, room, most):
        token = tl.load(token_ptr + row).to(tl.int64)
        lanes = tl.arange(0, WIDTH)
        place = token * token_stride + lanes.to(tl.int64) * depth_stride
        x = tl.load(x_ptr + place, mask=lanes < depth, other=0.0)
        copy = gathered_ptr + row.to(tl.int64) * width + lanes
        tl.store(copy, x.to(gathered_ptr.dtype.element_ty), mask=lanes < width)
        used = tl.load(used_ptr + token)
        for slot in tl.static_range(SLOTS):
            value = tl.load(value_ptr + token * SLOTS + slot, mask=slot < used, other=float("inf"))
            tl.store(row_value_ptr + row * SLOTS + slot, value)
            tl.store(row_asked_ptr + row * SLOTS + slot, tl.load(asked_ptr + token * SLOTS + slot))
            tl.store(row_count_ptr + row * SLOTS + slot, 0)


@triton.jit
def learn(
    token_ptr, used_ptr, counts_ptr, row_value_ptr, row_asked_ptr, row_count_ptr, refuted_ptr, member_ptr, k,
    room, most, SLOTS: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Update the state of each counted token: a pair with fewer than k features before it is a member."""
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    there = rows < rows_asked(counts_ptr, room, most)
    tokens = tl.load(token_ptr + rows, mask=there, other=0)
    used = tl.load(used_ptr + tokens, mask=there, other=0)
    refuted = tl.load(refuted_ptr + tokens, mask=there, other=0)
    member = tl.load(member_ptr + tokens, mask=there, other=0)
    for slot in tl.static_range(SLOTS):
        asked = there & (slot < used)
        values = tl.load(row_value_ptr + rows * SLOTS + slot, mask=asked, other=0.0)
        features = tl.load(row_asked_ptr + rows * SLOTS + slot, mask=asked, other=0)
        is_member = tl.load(row_count_ptr + rows * SLOTS + slot, mask=asked, other=0) < k
        key = rank_key(ordered(values), features)
        member = tl.where(asked & is_member, tl.minimum(member, key), member)
        refuted = tl.where(asked & (is_member == 0), tl.maximum(refuted, key), refuted)
    tl.store(refuted_ptr + tokens, refuted, mask=there)
    tl.store(member_ptr + tokens, member, mask=there)


@triton.jit
def find_undecided(
    pre_ptr, floor_ptr, feature_ptr, document_ptr, refuted_ptr, member_ptr, winner_ptr, undecided_ptr,
    n_tokens, n_selected, OPEN: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Mark the tokens with a pair of an open group that is neither refuted nor known to be a member."""
    tokens = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    there = tokens < n_tokens
    documents = tl.load(document_ptr + tokens, mask=there, other=0)[:, None]
    refuted = tl.load(refuted_ptr + tokens, mask=there, other=0)[:, None]
    member = tl.load(member_ptr + tokens, mask=there, other=0)[:, None]
    undecided = tl.zeros((ROWS,), dtype=tl.int32)
    for first in range(0, n_selected, COLUMNS):
        columns = first + tl.arange(0, COLUMNS)
        inside = there[:, None] & (columns < n_selected)[None, :]
        floors = tl.load(floor_ptr + columns, mask=columns < n_selected, other=float("inf"))[None, :]
        features = tl.load(feature_ptr + columns, mask=columns < n_selected, other=0).to(tl.int32)[None, :]
        is_open = (
            tl.load(winner_ptr + documents * n_selected + columns[None, :], mask=inside, other=-1) == OPEN
        )
        places = tokens.to(tl.int64)[:, None] * n_selected + columns[None, :]
        pre = tl.load(pre_ptr + places, mask=inside, other=float("-inf"))
        key = rank_key(ordered(pre), features)
        may = inside & is_open & (pre > floors) & (key > refuted) & (key < member)
        undecided = tl.maximum(undecided, tl.max(may.to(tl.int32), axis=1))
    tl.store(undecided_ptr + tokens, undecided, mask=there)
