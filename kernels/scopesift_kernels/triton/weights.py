"""Encoder weights as the Triton kernels read them: aligned, and in the dtype of the product."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace

import torch

from scopesift_kernels.interpreter import interpreted
from scopesift_kernels.per_tensor import PerTensor
from scopesift_kernels.problems import Inputs
from scopesift_kernels.triton.tuning import TileShape, TritonTuning

# The depth of a part is a multiple of this, which tiles divide.
_DEPTH = 64
_PARTS = 3
_ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Weights:
    """Rows of an encoder.

    Attributes:
        matrix_CW: with one part the encoder's rows; with three, their bfloat16 parts side by side.
        bias_C: float32 `[C]`.
        parts: how many matrices sum to the rows; the smallest is first.
        depth: columns of a part: D, or D padded to whole tiles.
        tile: shape of the tiles that they are multiplied in.
    """

    matrix_CW: torch.Tensor
    bias_C: torch.Tensor
    parts: int
    depth: int
    tile: TileShape

    @property
    def n_features(self) -> int:
        """C."""
        return self.matrix_CW.shape[0]

    @property
    def dtype(self) -> torch.dtype:
        """The residuals' dtype."""
        return self.matrix_CW.dtype

    def __getitem__(self, chosen: slice | torch.Tensor) -> Weights:
        """Some of the rows."""
        return replace(self, matrix_CW=self.matrix_CW[chosen], bias_C=self.bias_C[chosen])


def encoder_weights(problem: Inputs, tuning: TritonTuning) -> Weights:
    """The weights of a problem in the form that the kernels multiply.

    Equal dtypes are multiplied as they are. A float32 weight is the exact sum of three bfloat16 numbers (if it is not
    smaller than 2**-109), so that bfloat16 residuals are multiplied with it in three passes on tensor cores. Everything
    else is multiplied in float32. Converted copies (parts, wider or aligned) are cached while the tensor exists.
    """
    x, W, bias_F = problem.x_TD, problem.W_enc_FD, problem.b_enc_F
    if (x.dtype, W.dtype) == (torch.bfloat16, torch.float32):
        matrix_CW = _in_parts(W)
        depth = matrix_CW.shape[1] // _PARTS
        return Weights(matrix_CW, bias_F, _PARTS, depth, tuning.tile(matrix_CW.dtype))
    # Triton's interpreter multiplies bfloat16 bit patterns as integers
    same = x.dtype == W.dtype and not (interpreted() and W.dtype == torch.bfloat16)
    matrix_CW = _as_it_is(W) if same else _in_float32(W)
    return Weights(matrix_CW, bias_F, 1, W.shape[1], tuning.tile(matrix_CW.dtype))


def selected_rows(weights: Weights, features_S: torch.Tensor) -> Weights:
    """`weights[features_S]`; cached while all three tensors are unchanged, since calls read the same features."""
    sources = weights.matrix_CW, weights.bias_C
    if any(source.is_inference() for source in sources):
        return weights[features_S]
    versions, known = [source._version for source in sources], _selected(features_S)
    if not known or not known[0].is_of(sources, versions, weights.tile):
        known[:] = [_Selected([weakref.ref(source) for source in sources], versions, weights[features_S])]
    return known[0].rows


@dataclass(frozen=True)
class _Selected:
    sources: list[weakref.ref[torch.Tensor]]
    versions: list[int]
    rows: Weights

    def is_of(self, sources: tuple[torch.Tensor, ...], versions: list[int], tile: TileShape) -> bool:
        same = all(known() is source for known, source in zip(self.sources, sources, strict=True))
        return same and self.versions == versions and self.rows.tile == tile


def aligned(rows: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A matrix that a tensor descriptor can describe: rows of whole 16 bytes, from an aligned address.

    Returns:
        The matrix itself if it meets this, else a copy, padded with zero columns where needed.
    """
    per_16 = 16 // dtype.itemsize
    if (
        rows.dtype == dtype
        and rows.shape[1] % per_16 == 0
        and rows.stride(1) == 1
        and rows.stride(0) % per_16 == 0
        and rows.stride(0) >= rows.shape[1]  # not `expand`ed, where all rows share memory
        and rows.data_ptr() % 16 == 0
    ):
        return rows
    padded = rows.new_zeros(rows.shape[0], -(-rows.shape[1] // per_16) * per_16, dtype=dtype)
    padded[:, : rows.shape[1]] = rows
    return padded


def _split(W_FD: torch.Tensor) -> torch.Tensor:
    """Three bfloat16 matrices that sum to `W_FD`, the smallest first, each padded to whole tiles."""
    width = -(-W_FD.shape[1] // _DEPTH) * _DEPTH
    dtype = torch.float32 if interpreted() else torch.bfloat16
    parts = W_FD.new_zeros(W_FD.shape[0], _PARTS, width, dtype=dtype)
    for start in range(0, W_FD.shape[0], _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        rest = W_FD[rows].clone()
        for part in reversed(range(_PARTS)):
            rounded = rest.bfloat16()
            parts[rows, part, : W_FD.shape[1]] = rounded
            rest -= rounded.float()
    return parts.flatten(1)


# The last selection by a tensor of features, at most one: features are mostly read of one encoder.
_selected: PerTensor[list[_Selected]] = PerTensor(lambda features_S: [])
_in_parts = PerTensor(_split)
_as_it_is = PerTensor(lambda W: aligned(W, W.dtype))
_in_float32 = PerTensor(lambda W: aligned(W, torch.float32))
