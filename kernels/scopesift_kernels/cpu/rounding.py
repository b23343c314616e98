"""How far computed pre-activations may be from exact ones.

Bounds hold for any order of accumulation, so that they cover every matrix product that torch may choose.
"""

from __future__ import annotations

import torch

from scopesift_kernels.per_tensor import PerTensor
from scopesift_kernels.problems import Inputs

LEAST_NORMAL = 2.0**-126
_BFLOAT16 = 1.02 * 2.0**-8
"""Largest relative error of rounding to bfloat16, with room for the rounding of these bounds themselves."""


def float32_error(problem: Inputs, x_norm_R: torch.Tensor) -> torch.Tensor:
    """Bound of the error of float32 pre-activations of some tokens.

    In any order of accumulation a sum of D products is off by at most gamma * |x| |w| (Higham, Accuracy and Stability
    of Numerical Algorithms, 3.1).

    Args:
        problem: the checked inputs.
        x_norm_R: norms of the tokens' residuals, float32 `[R]`.

    Returns:
        float32 `[R]`.
    """
    d_model = problem.x_TD.shape[1]
    gamma = 1.01 * (d_model + 2) * 2.0**-24
    unseen = d_model**0.5 * 2.0**-63  # entries whose squares underflow are missing from the norm
    largest_R = (x_norm_R + unseen) * (problem.w_norm + unseen) + problem.b_largest
    underflow = d_model * LEAST_NORMAL  # products may be flushed to zero
    return gamma * largest_R + underflow


def bfloat16_error(problem: Inputs, x_RD: torch.Tensor, x_norm_R: torch.Tensor) -> torch.Tensor:
    """Bound of the error of a bfloat16 product before its result is rounded to bfloat16.

    Args:
        problem: the checked inputs.
        x_RD: residuals of the tokens `[R, D]`.
        x_norm_R: their norms, float32.

    Returns:
        float32 `[R]`.
    """
    d_model = x_RD.shape[1]
    unseen = d_model**0.5 * 2.0**-63
    x_error_R = torch.zeros_like(x_norm_R)
    if x_RD.dtype != torch.bfloat16:
        x_error_R = torch.linalg.vector_norm(x_RD.float() - x_RD.bfloat16(), dim=1) + unseen
    w_error = rounded_weights_error(problem.W_enc_FD)
    inputs_R = x_error_R * (problem.w_norm + unseen) + (x_norm_R + unseen + x_error_R) * w_error
    # Sums are in float32, but the instructions count numbers below 2**-126 as zero and need not round to nearest:
    # twice float32's error.
    denormal_R = d_model**0.5 * LEAST_NORMAL * (x_norm_R + problem.w_norm + 2.0)
    return 1.01 * inputs_R + 2.02 * float32_error(problem, x_norm_R + x_error_R) + denormal_R


def candidate_bound(kth_R: torch.Tensor, error_R: torch.Tensor, b_largest: float) -> torch.Tensor:
    """The screened value from which on a feature may be in the top-k.

    A screened value v of a pre-activation z has |v - z| <= e + c (|v| + b): the product, at most |v| + b in magnitude,
    was rounded to bfloat16 at a relative error of c. Both sides increase with v. So there are k features of z >= kth
    - e - c (|kth| + b), and below the returned value z is smaller than that.

    Args:
        kth_R: k features have at least this screened value, float32 `[R]`.
        error_R: e, float32 `[R]`, including that of the float32 pre-activations that decide.
        b_largest: b, the largest magnitude in the bias.

    Returns:
        float32 `[R]`.
    """
    rounded_R = _BFLOAT16 * (2.0 * kth_R.abs() + 2.0 * error_R + 2.0 * b_largest)
    return kth_R - 2.0 * error_R - 1.02 * rounded_R


def refuting_bound(asked_R: torch.Tensor, error_R: torch.Tensor, b_largest: float) -> torch.Tensor:
    """The screened value above which a pre-activation is certainly larger than what is asked about.

    Args:
        asked_R: float32 `[R]`.
        error_R: as `candidate_bound`.
        b_largest: as `candidate_bound`.

    Returns:
        float32 `[R]`.
    """
    return asked_R + error_R + 1.02 * _BFLOAT16 * (asked_R.abs() + error_R + b_largest)


def _rounded_weights_error(W_enc_FD: torch.Tensor) -> float:
    error = 0.0
    if W_enc_FD.dtype != torch.bfloat16:
        for rows in W_enc_FD.split(_ROWS_AT_ONCE):
            off = rows.float() - rows.bfloat16()
            error = max(error, float(torch.linalg.vector_norm(off, dim=1).max()))
        error += W_enc_FD.shape[1] ** 0.5 * 2.0**-63
    return error


_ROWS_AT_ONCE = 8192
_remembered = PerTensor(_rounded_weights_error)


def rounded_weights_error(W_enc_FD: torch.Tensor) -> float:
    """Largest norm of what rounding a row to bfloat16 takes away, cached per tensor."""
    return _remembered(W_enc_FD)
