# mypy: disable-error-code="no-untyped-def,untyped-decorator"
# ruff: noqa: ANN001, ANN201, ANN202 -- pointers and compile-time values have no Python types
"""Triton: tiles of pre-activations, and two epilogues: write them with block maxima, or count larger ones.

The loop over D is the same for every product, so that a pre-activation has the same bits wherever it is
computed. The persistent grid and the grouped tile order are those of Triton's tutorials 03 and 09; block
maxima as hints for a later selection are TensorRT-LLM's idea.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _tile_place(tile, n_row_tiles, n_column_tiles, GROUP: tl.constexpr):
    # Tiles are ordered in groups of GROUP tile rows, so that their weights stay in the L2 cache.
    per_group = GROUP * n_column_tiles
    first = (tile // per_group) * GROUP
    size = min(n_row_tiles - first, GROUP)
    return first + (tile % per_group) % size, (tile % per_group) // size


@triton.jit
def _tile_product(
    x_desc, W_desc, b_ptr, row, column, n_columns, depth,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PARTS: tl.constexpr,
):  # fmt: skip
    acc = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    steps = tl.cdiv(depth, DEPTH)
    for step in range(steps * PARTS):
        # the parts of the weights are concatenated along D; each is multiplied with the whole residual
        x = x_desc.load([row * ROWS, (step if PARTS == 1 else step % steps) * DEPTH])
        W = W_desc.load([column * COLUMNS, step * DEPTH])
        acc = tl.dot(x, W.T, acc, input_precision="ieee")
    columns = column * COLUMNS + tl.arange(0, COLUMNS)
    return acc + tl.load(b_ptr + columns, mask=columns < n_columns, other=0.0)[None, :]


@triton.jit
def write_pre_activations(
    x_desc, W_desc, b_ptr, pre_ptr, hint_ptr, bound_ptr, n_rows, n_columns, depth, n_blocks, pre_stride, hint_stride,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PARTS: tl.constexpr, GROUP: tl.constexpr,
    BLOCK: tl.constexpr, BOUNDED: tl.constexpr, PROGRAMS: tl.constexpr,
):  # fmt: skip
    """Write float32 pre-activations `[n_rows, n_columns]` and, if BLOCK, the maxima of BLOCK columns each.

    With BOUNDED, blocks whose maximum doesn't reach the row's bound are not written.
    """
    n_row_tiles = tl.cdiv(n_rows, ROWS)
    n_column_tiles = tl.cdiv(n_columns, COLUMNS)
    for tile in tl.range(tl.program_id(0), n_row_tiles * n_column_tiles, PROGRAMS, flatten=True):
        row, column = _tile_place(tile, n_row_tiles, n_column_tiles, GROUP)
        pre = _tile_product(x_desc, W_desc, b_ptr, row, column, n_columns, depth, ROWS, COLUMNS, DEPTH, PARTS)
        # In halves: a tile is written through shared memory, where a whole one doesn't fit beside the operands
        # of the next.
        halves = tl.permute(tl.reshape(pre, (ROWS, 2, COLUMNS // 2)), (0, 2, 1))
        left, right = tl.split(halves)
        HALF: tl.constexpr = COLUMNS // 2
        _write_half(
            left, pre_ptr, hint_ptr, bound_ptr, row, column * 2, n_rows, n_columns, n_blocks, pre_stride,
            hint_stride, ROWS, HALF, BLOCK, BOUNDED,
        )  # fmt: skip
        _write_half(
            right, pre_ptr, hint_ptr, bound_ptr, row, column * 2 + 1, n_rows, n_columns, n_blocks, pre_stride,
            hint_stride, ROWS, HALF, BLOCK, BOUNDED,
        )  # fmt: skip


@triton.jit
def _write_half(
    pre, pre_ptr, hint_ptr, bound_ptr, row, half, n_rows, n_columns, n_blocks, pre_stride, hint_stride,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, BLOCK: tl.constexpr, BOUNDED: tl.constexpr,
):  # fmt: skip
    rows = row * ROWS + tl.arange(0, ROWS)
    columns = half * COLUMNS + tl.arange(0, COLUMNS)
    write = (rows < n_rows)[:, None] & (columns < n_columns)[None, :]
    if BLOCK > 0:
        seen = tl.where((columns < n_columns)[None, :], pre, float("-inf"))
        maxima = tl.max(tl.reshape(seen, (ROWS, COLUMNS // BLOCK, BLOCK)), axis=2)
        blocks = half * (COLUMNS // BLOCK) + tl.arange(0, COLUMNS // BLOCK)
        inside = (rows < n_rows)[:, None] & (blocks < n_blocks)[None, :]
        tl.store(hint_ptr + rows[:, None] * hint_stride + blocks[None, :], maxima, mask=inside)
        if BOUNDED:
            bound = tl.load(bound_ptr + rows, mask=rows < n_rows, other=float("inf"))
            hot = (maxima >= bound[:, None])[:, :, None]
            hot = tl.broadcast_to(hot, (ROWS, COLUMNS // BLOCK, BLOCK))
            write = write & tl.reshape(hot, (ROWS, COLUMNS))
    tl.store(pre_ptr + rows.to(tl.int64)[:, None] * pre_stride + columns[None, :], pre, mask=write)


@triton.jit
def rows_asked(n_asked_ptr, room, most):
    """Number of rows to count: at most `room`, and 0 if more than `most` are queued."""
    n_asked = tl.load(n_asked_ptr)
    return tl.where(n_asked > most, 0, tl.minimum(n_asked, room))


@triton.jit
def count_larger(
    x_desc, W_desc, b_ptr, value_ptr, feature_ptr, count_ptr, n_asked_ptr, n_columns, depth, room, most,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PARTS: tl.constexpr, GROUP: tl.constexpr,
    SLOTS: tl.constexpr, PROGRAMS: tl.constexpr,
):  # fmt: skip
    """Count, for SLOTS (value, feature) of each row, the features that rank before it; write nothing else.

    The number of rows is read on the device, without synchronising.
    """
    n_rows = rows_asked(n_asked_ptr, room, most)
    n_row_tiles = tl.cdiv(n_rows, ROWS)
    n_column_tiles = tl.cdiv(n_columns, COLUMNS)
    for tile in tl.range(tl.program_id(0), n_row_tiles * n_column_tiles, PROGRAMS, flatten=True):
        row, column = _tile_place(tile, n_row_tiles, n_column_tiles, GROUP)
        pre = _tile_product(x_desc, W_desc, b_ptr, row, column, n_columns, depth, ROWS, COLUMNS, DEPTH, PARTS)
        rows = row * ROWS + tl.arange(0, ROWS)
        columns = (column * COLUMNS + tl.arange(0, COLUMNS))[None, :]
        for slot in tl.static_range(SLOTS):
            place = rows * SLOTS + slot
            value = tl.load(value_ptr + place, mask=rows < n_rows, other=float("inf"))[:, None]
            feature = tl.load(feature_ptr + place, mask=rows < n_rows, other=0)[:, None]
            before = (pre > value) | ((pre == value) & (columns < feature))
            # A feature never ranks before itself, even if its value in another tile differs in the last bits.
            before = before & (columns != feature) & (columns < n_columns)
            tl.atomic_add(count_ptr + place, tl.sum(before.to(tl.int32), axis=1), mask=rows < n_rows)
