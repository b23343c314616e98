"""Launching the Triton products: descriptors and grids."""

from __future__ import annotations

import torch
import triton
from triton.tools.tensor_descriptor import TensorDescriptor

from scopesift_kernels.triton.device import generation, processors
from scopesift_kernels.triton.launch import KNOWN_VERSION, launch
from scopesift_kernels.triton.tiles import count_larger, write_pre_activations
from scopesift_kernels.triton.tuning import TileShape
from scopesift_kernels.triton.weights import Weights, aligned


def pre_activations(
    x_RD: torch.Tensor,
    weights: Weights,
    pre_RC: torch.Tensor,
    hint_RG: torch.Tensor | None = None,
    block: int = 0,
    bound_R: torch.Tensor | None = None,
) -> None:
    """Fill `pre_RC` with float32 pre-activations and `hint_RG` with the maxima over blocks of `block` columns.

    Args:
        x_RD: residuals.
        weights: of C features.
        pre_RC: float32; rows may be any distance apart.
        hint_RG: float32, likewise.
        block: columns per maximum.
        bound_R: float32; blocks whose maximum is below a row's bound are not written to `pre_RC`. None: all are.
    """
    if not pre_RC.numel():
        return
    shape = weights.tile
    if hint_RG is not None and _for_hopper(x_RD.device, weights):
        from scopesift_kernels.triton import hopper

        hopper.write(x_RD, weights, pre_RC, hint_RG, block, bound_R)
        return
    x, W = _operands(x_RD, weights, shape)
    grid, programs = _programs(x_RD, weights, shape)
    n_blocks, hint_stride = (0, 0) if hint_RG is None else (hint_RG.shape[1], hint_RG.stride(0))
    launch(
        write_pre_activations, grid, x, W, weights.bias_C, pre_RC, hint_RG, bound_R, x_RD.shape[0],
        weights.n_features, weights.depth, n_blocks, pre_RC.stride(0), hint_stride,
        constants={
            "ROWS": shape.rows, "COLUMNS": shape.columns, "DEPTH": shape.depth, "PARTS": weights.parts,
            "GROUP": shape.group, "BLOCK": block if n_blocks else 0, "BOUNDED": bound_R is not None,
            "PROGRAMS": programs,
        },
        num_warps=shape.warps, num_stages=shape.stages,
    )  # fmt: skip


def count_before(
    x_RD: torch.Tensor,
    weights: Weights,
    value_RS: torch.Tensor,
    feature_RS: torch.Tensor,
    count_RS: torch.Tensor,
    n_asked: torch.Tensor,
    most: int = 2**31 - 1,
) -> None:
    """Add to `count_RS` how many features rank before each (value, feature) pair of the first `n_asked` rows.

    Args:
        x_RD: residuals, R is the capacity in rows.
        weights: of all features.
        value_RS: float32 pre-activations, contiguous.
        feature_RS: int32 features they belong to.
        count_RS: int32, changed in place.
        n_asked: int32, its first element, on the device; more than R means all rows.
        most: if `n_asked` exceeds this, nothing is counted.
    """
    shape = weights.tile
    x, W = _operands(x_RD, weights, shape)
    grid, programs = _programs(x_RD, weights, shape)
    launch(
        count_larger, grid, x, W, weights.bias_C, value_RS, feature_RS, count_RS, n_asked, weights.n_features,
        weights.depth, x_RD.shape[0], most,
        constants={
            "ROWS": shape.rows, "COLUMNS": shape.columns, "DEPTH": shape.depth, "PARTS": weights.parts,
            "GROUP": shape.group, "SLOTS": feature_RS.shape[1], "PROGRAMS": programs,
        },
        num_warps=shape.warps, num_stages=shape.stages,
    )  # fmt: skip


def _for_hopper(device: torch.device, weights: Weights) -> bool:
    """Whether the kernel for Hopper does it. Gluon, which it is written in, changes between versions of Triton."""
    shape = weights.tile
    whole = (shape.rows, shape.columns % 64, shape.depth) == (128, 0, 64)
    return KNOWN_VERSION and whole and weights.dtype.itemsize == 2 and generation(device) == 9


def _operands(
    x_RD: torch.Tensor, weights: Weights, shape: TileShape
) -> tuple[TensorDescriptor, TensorDescriptor]:
    if weights.parts > 1 and weights.depth % shape.depth:
        raise ValueError(
            f"tiles of depth {shape.depth} would cross the parts of a weight, {weights.depth} deep"
        )
    x = TensorDescriptor.from_tensor(aligned(x_RD, weights.dtype), [shape.rows, shape.depth])
    W = TensorDescriptor.from_tensor(weights.matrix_CW, [shape.columns, shape.depth])
    return x, W


def _programs(x_RD: torch.Tensor, weights: Weights, shape: TileShape) -> tuple[tuple[int, int, int], int]:
    """The grid, and the step from one tile of a program to its next; a constant, so it is compiled once."""
    tiles = triton.cdiv(x_RD.shape[0], shape.rows) * triton.cdiv(weights.n_features, shape.columns)
    step = processors(x_RD.device)
    return (min(tiles, step), 1, 1), step
