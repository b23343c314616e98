"""How the Triton kernels are launched: tile shapes, descriptors, grids."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
from triton.tools.tensor_descriptor import TensorDescriptor

from scopesift_kernels.interpreter import interpreted
from scopesift_kernels.triton_tiles import count_larger, write_pre_activations


@dataclass(frozen=True)
class TileShape:
    """Rows (tokens), columns (features) and depth (D) of a tile, and what the compiler is told about it."""

    rows: int
    columns: int
    depth: int
    warps: int
    stages: int
    group: int = 8


# One shape a dtype: values that are compared with each other come from tiles of one shape.
HALF = TileShape(rows=128, columns=256, depth=64, warps=8, stages=3)
FULL = TileShape(rows=64, columns=256, depth=16, warps=8, stages=3)


def tile_shape(dtype: torch.dtype) -> TileShape:
    """The tile shape for inputs of one dtype: tensor cores for 16-bit inputs, plain float32 otherwise."""
    return FULL if dtype == torch.float32 else HALF


def aligned(rows: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A matrix that a tensor descriptor can describe: rows of whole 16 bytes, from an aligned address.

    Returns:
        The matrix itself if it is like that, else a copy, padded with zero columns where D is odd.
    """
    per_16 = 16 // dtype.itemsize
    if (
        rows.dtype == dtype
        and rows.stride(1) == 1
        and rows.stride(0) % per_16 == 0
        and rows.data_ptr() % 16 == 0
    ):
        return rows
    padded = rows.new_zeros(rows.shape[0], -(-rows.shape[1] // per_16) * per_16, dtype=dtype)
    padded[:, : rows.shape[1]] = rows
    return padded


def common_dtype(x: torch.Tensor, W: torch.Tensor) -> torch.dtype:
    """The dtype in which two matrices are multiplied: their own if it is one, else float32."""
    if interpreted() and torch.bfloat16 in (x.dtype, W.dtype):
        return torch.float32  # the interpreter multiplies the bits of bfloat16 as if they were integers
    return x.dtype if x.dtype == W.dtype else torch.float32


def pre_activations(
    x_RD: torch.Tensor,
    W_CD: torch.Tensor,
    b_C: torch.Tensor,
    pre_RC: torch.Tensor,
    hint_RG: torch.Tensor | None,
    block: int,
) -> None:
    """Fill `pre_RC` with float32 pre-activations and `hint_RG` with the maxima of every `block` columns."""
    if not pre_RC.numel():
        return
    shape = tile_shape(common_dtype(x_RD, W_CD))
    x, W, programs = _operands(x_RD, W_CD, shape)
    n_blocks = 0 if hint_RG is None else hint_RG.shape[1]
    write_pre_activations[(programs,)](
        x, W, b_C, pre_RC, hint_RG, x_RD.shape[0], W_CD.shape[0], x_RD.shape[1], n_blocks,
        ROWS=shape.rows, COLUMNS=shape.columns, DEPTH=shape.depth, GROUP=shape.group,
        BLOCK=block if n_blocks else 0, PROGRAMS=programs, num_warps=shape.warps, num_stages=shape.stages,
    )  # fmt: skip


def count_before(
    x_RD: torch.Tensor,
    W_FD: torch.Tensor,
    b_F: torch.Tensor,
    value_RP: torch.Tensor,
    feature_RP: torch.Tensor,
) -> torch.Tensor:
    """For each (value, feature) pair of a row, how many features rank before it, int32 `[R, P]`."""
    count_RP = torch.zeros_like(feature_RP, dtype=torch.int32)
    if not count_RP.numel():
        return count_RP
    shape = tile_shape(common_dtype(x_RD, W_FD))
    x, W, programs = _operands(x_RD, W_FD, shape)
    count_larger[(programs,)](
        x, W, b_F, value_RP, feature_RP, count_RP, x_RD.shape[0], W_FD.shape[0], x_RD.shape[1],
        ROWS=shape.rows, COLUMNS=shape.columns, DEPTH=shape.depth, GROUP=shape.group,
        PAIRS=feature_RP.shape[1], PROGRAMS=programs, num_warps=shape.warps, num_stages=shape.stages,
    )  # fmt: skip
    return count_RP


def _operands(
    x_RD: torch.Tensor, W_CD: torch.Tensor, shape: TileShape
) -> tuple[TensorDescriptor, TensorDescriptor, int]:
    dtype = common_dtype(x_RD, W_CD)
    x = TensorDescriptor.from_tensor(aligned(x_RD, dtype), [shape.rows, shape.depth])
    W = TensorDescriptor.from_tensor(aligned(W_CD, dtype), [shape.columns, shape.depth])
    tiles = triton.cdiv(x_RD.shape[0], shape.rows) * triton.cdiv(W_CD.shape[0], shape.columns)
    return x, W, min(tiles, _processors(x_RD.device))


def _processors(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).multi_processor_count
    return 2  # the interpreter runs programs one after the other
