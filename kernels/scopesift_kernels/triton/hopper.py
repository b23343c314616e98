# mypy: disable-error-code="no-untyped-def,untyped-decorator,misc"
# ruff: noqa: ANN001, ANN201, ANN202, RUF059 -- pointers and compile-time values have no Python types
"""Gluon: the product that writes pre-activations, warp-specialised for Hopper (compute capability 9).

One warp loads tiles of both operands, and two groups of four warps multiply half a tile of tokens each, as in CUTLASS'
ping-pong kernels: while one writes its results, the other has the tensor cores for itself. `write_pre_activations` of
`tiles.py` does the same in portable Triton, with the same order of additions: both give the same bits.
"""

from __future__ import annotations

import torch
import triton
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import (
    mbarrier,
    tma,
    warpgroup_mma,
    warpgroup_mma_wait,
)
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

from scopesift_kernels.triton.device import processors
from scopesift_kernels.triton.launch import launch
from scopesift_kernels.triton.weights import Weights, aligned

# Tokens of a warp group, which its matrix instruction prescribes; two groups share a tile.
HALF = 64
STAGES, GROUP = 4, 16
WARPS, MOST_REGISTERS = 4, 168


def write(
    x_RD: torch.Tensor,
    weights: Weights,
    pre_RC: torch.Tensor,
    hint_RG: torch.Tensor,
    block: int,
    bound_R: torch.Tensor | None,
) -> None:
    """As `products.pre_activations`, with maxima."""
    columns, depth = weights.tile.columns, weights.tile.depth
    x, dtype = aligned(x_RD, weights.dtype), gl.bfloat16 if weights.dtype == torch.bfloat16 else gl.float16
    layout = gl.NVMMASharedLayout.get_default_for([HALF, depth], dtype)
    tiles = triton.cdiv(x_RD.shape[0], 2 * HALF) * triton.cdiv(weights.n_features, columns)
    programs = processors(x_RD.device)
    launch(
        write_warp_specialized, (min(tiles, programs), 1, 1),
        TensorDescriptor.from_tensor(x, [HALF, depth], layout),
        TensorDescriptor.from_tensor(weights.matrix_CW, [columns, depth], layout),
        weights.bias_C, pre_RC, hint_RG, bound_R, x_RD.shape[0], weights.n_features, weights.depth, hint_RG.shape[1],
        pre_RC.stride(0), hint_RG.stride(0),
        constants={
            "PARTS": weights.parts, "STAGES": STAGES, "GROUP": GROUP, "BLOCK": block,
            "EVEN": weights.n_features % columns == 0, "BOUNDED": bound_R is not None, "PROGRAMS": programs,
        },
        num_warps=WARPS, maxnreg=MOST_REGISTERS,
    )  # fmt: skip


@gluon.jit
def write_warp_specialized(
    x_desc, W_desc, b_ptr, pre_ptr, hint_ptr, bound_ptr, n_rows, n_columns, depth, n_blocks, pre_stride, hint_stride,
    PARTS: gl.constexpr, STAGES: gl.constexpr, GROUP: gl.constexpr, BLOCK: gl.constexpr, EVEN: gl.constexpr,
    BOUNDED: gl.constexpr, PROGRAMS: gl.constexpr,
):  # fmt: skip
    """Arguments as of `tiles.write_pre_activations`; EVEN says that tiles divide the columns."""
    ROWS: gl.constexpr = x_desc.block_type.shape[0]
    COLUMNS: gl.constexpr = W_desc.block_type.shape[0]
    DEPTH: gl.constexpr = W_desc.block_type.shape[1]
    x0 = gl.allocate_shared_memory(x_desc.dtype, [STAGES, ROWS, DEPTH], x_desc.layout)
    x1 = gl.allocate_shared_memory(x_desc.dtype, [STAGES, ROWS, DEPTH], x_desc.layout)
    W = gl.allocate_shared_memory(W_desc.dtype, [STAGES, COLUMNS, DEPTH], W_desc.layout)
    ready = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    empty = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    for stage in gl.static_range(STAGES):
        mbarrier.init(ready.index(stage), count=1)
        mbarrier.init(empty.index(stage), count=2)
    sizes = (n_rows, n_columns, depth, n_blocks, pre_stride, hint_stride)
    memory = (b_ptr, pre_ptr, hint_ptr, bound_ptr)
    gl.warp_specialize(
        [
            (
                _multiply,
                (x0, W, ready, empty, memory, sizes, 0, PARTS, GROUP, BLOCK, EVEN, BOUNDED, PROGRAMS),
            ),
            (
                _multiply,
                (x1, W, ready, empty, memory, sizes, 1, PARTS, GROUP, BLOCK, EVEN, BOUNDED, PROGRAMS),
            ),
            (_load, (x_desc, W_desc, x0, x1, W, ready, empty, sizes, PARTS, GROUP, PROGRAMS)),
        ],
        [4, 1],
        [240, 24],
    )


@gluon.jit
def _tile_place(tile, n_row_tiles, n_column_tiles, GROUP: gl.constexpr):
    per_group = GROUP * n_column_tiles
    first = (tile // per_group) * GROUP
    size = min(n_row_tiles - first, GROUP)
    return first + (tile % per_group) % size, (tile % per_group) // size


@gluon.jit
def _load(
    x_desc, W_desc, x0, x1, W, ready, empty, sizes, PARTS: gl.constexpr, GROUP: gl.constexpr, PROGRAMS: gl.constexpr
):  # fmt: skip
    n_rows, n_columns, depth, n_blocks, pre_stride, hint_stride = sizes
    STAGES: gl.constexpr = W.type.shape[0]
    COLUMNS: gl.constexpr = W.type.shape[1]
    DEPTH: gl.constexpr = W.type.shape[2]
    ROWS: gl.constexpr = x0.type.shape[1]
    n_row_tiles, n_column_tiles = gl.cdiv(n_rows, 2 * ROWS), gl.cdiv(n_columns, COLUMNS)
    steps = gl.cdiv(depth, DEPTH)
    loaded = 0
    for tile in range(gl.program_id(0), n_row_tiles * n_column_tiles, PROGRAMS):
        row, column = _tile_place(tile, n_row_tiles, n_column_tiles, GROUP)
        for step in range(steps * PARTS):
            stage = loaded % STAGES
            here = ready.index(stage)
            mbarrier.wait(empty.index(stage), ((loaded // STAGES) & 1) ^ 1)
            mbarrier.expect(here, 2 * x_desc.block_type.nbytes + W_desc.block_type.nbytes)
            # the parts of the weights are concatenated along D; each is multiplied with the whole residual
            at = (step if PARTS == 1 else step % steps) * DEPTH
            tma.async_copy_global_to_shared(W_desc, [column * COLUMNS, step * DEPTH], here, W.index(stage))
            tma.async_copy_global_to_shared(x_desc, [row * 2 * ROWS, at], here, x0.index(stage))
            tma.async_copy_global_to_shared(x_desc, [row * 2 * ROWS + ROWS, at], here, x1.index(stage))
            loaded += 1


@gluon.jit
def _multiply(
    x, W, ready, empty, memory, sizes, WHICH: gl.constexpr, PARTS: gl.constexpr, GROUP: gl.constexpr,
    BLOCK: gl.constexpr, EVEN: gl.constexpr, BOUNDED: gl.constexpr, PROGRAMS: gl.constexpr,
):  # fmt: skip
    n_rows, n_columns, depth, n_blocks, pre_stride, hint_stride = sizes
    STAGES: gl.constexpr = W.type.shape[0]
    COLUMNS: gl.constexpr = W.type.shape[1]
    DEPTH: gl.constexpr = W.type.shape[2]
    ROWS: gl.constexpr = x.type.shape[1]
    SUMS: gl.constexpr = gl.NVMMADistributedLayout(
        version=[3, 0], warps_per_cta=[4, 1], instr_shape=[16, COLUMNS, 16]
    )
    n_row_tiles, n_column_tiles = gl.cdiv(n_rows, 2 * ROWS), gl.cdiv(n_columns, COLUMNS)
    steps = gl.cdiv(depth, DEPTH) * PARTS
    used = 0
    for tile in range(gl.program_id(0), n_row_tiles * n_column_tiles, PROGRAMS):
        row, column = _tile_place(tile, n_row_tiles, n_column_tiles, GROUP)
        acc = gl.zeros((ROWS, COLUMNS), gl.float32, SUMS)
        for step in range(steps):
            stage = used % STAGES
            mbarrier.wait(ready.index(stage), (used // STAGES) & 1)
            acc = warpgroup_mma(
                x.index(stage), W.index(stage).permute((1, 0)), acc, use_acc=step > 0, is_async=True
            )
            acc = warpgroup_mma_wait(num_outstanding=1, deps=(acc,))
            # the product before this one is done with its stage
            mbarrier.arrive(empty.index((used + STAGES - 1) % STAGES), count=1, pred=step > 0)
            used += 1
        acc = warpgroup_mma_wait(num_outstanding=0, deps=(acc,))
        mbarrier.arrive(empty.index((used + STAGES - 1) % STAGES), count=1)
        _write(acc, row * 2 + WHICH, column, memory, sizes, SUMS, BLOCK, EVEN, BOUNDED)


@gluon.jit
def _write(
    acc, half, column, memory, sizes, SUMS: gl.constexpr, BLOCK: gl.constexpr, EVEN: gl.constexpr, BOUNDED: gl.constexpr
):  # fmt: skip
    b_ptr, pre_ptr, hint_ptr, bound_ptr = memory
    n_rows, n_columns, depth, n_blocks, pre_stride, hint_stride = sizes
    ROWS: gl.constexpr = acc.type.shape[0]
    COLUMNS: gl.constexpr = acc.type.shape[1]
    BLOCKS: gl.constexpr = COLUMNS // BLOCK
    features = column * COLUMNS + gl.arange(0, COLUMNS, gl.SliceLayout(0, SUMS))
    bias = gl.load(b_ptr + features, mask=features < n_columns, other=0.0)
    pre = (acc + bias[None, :]).reshape((ROWS, BLOCKS, BLOCK))
    EACH: gl.constexpr = pre.type.layout
    PER_BLOCK: gl.constexpr = gl.SliceLayout(2, EACH)
    rows = half * ROWS + gl.arange(0, ROWS, gl.SliceLayout(1, PER_BLOCK))
    blocks = column * BLOCKS + gl.arange(0, BLOCKS, gl.SliceLayout(0, PER_BLOCK))
    inside = gl.arange(0, BLOCK, gl.SliceLayout(0, gl.SliceLayout(1, EACH)))
    columns = (blocks * BLOCK)[None, :, None] + inside[None, None, :]
    seen = pre
    if not EVEN:
        seen = gl.where(columns < n_columns, pre, float("-inf"))
    maxima = gl.max(seen, axis=2)
    write = (rows < n_rows)[:, None] & (blocks < n_blocks)[None, :]
    gl.store(hint_ptr + rows[:, None] * hint_stride + blocks[None, :], maxima, mask=write)
    if BOUNDED:
        bound = gl.load(bound_ptr + rows, mask=rows < n_rows, other=float("inf"))
        write = write & (maxima >= bound[:, None])
    each = write[:, :, None]
    if not EVEN:
        each = each & (columns < n_columns)
    # they are read once, soon, by another kernel: `.cs` keeps the operands in the L2 cache instead
    places = pre_ptr + rows.to(gl.int64)[:, None, None] * pre_stride + columns
    gl.store(places, pre, mask=each, cache_modifier=".cs")
