"""One pass over an encoder's weights: their largest norm, and a check that they are finite."""

from __future__ import annotations

import torch

from scopesift_kernels.per_tensor import PerTensor

_ROWS_AT_ONCE = 8192


def _largest_norm(W_enc_FD: torch.Tensor) -> float:
    norm = 0.0
    for start in range(0, W_enc_FD.shape[0], _ROWS_AT_ONCE):
        rows = W_enc_FD[start : start + _ROWS_AT_ONCE].float()
        largest = float(torch.linalg.vector_norm(rows, dim=1).max())
        if not largest < float("inf"):  # NaN included
            finite = torch.isfinite(rows).all(dim=1)
            if not bool(finite.all()):
                bad = start + int((~finite).nonzero()[0])
                raise ValueError(f"W_enc_FD has to be finite; row {bad} is not: check the SAE file")
        norm = max(norm, largest)
    return norm


def _largest_bias(b_enc_F: torch.Tensor) -> float:
    largest = float(b_enc_F.float().abs().max())
    if not largest < float("inf"):  # NaN included
        raise ValueError("b_enc_F has to be finite; it holds NaN or infinity: check the SAE file")
    return largest


_remembered = PerTensor(_largest_norm)
_remembered_bias = PerTensor(_largest_bias)


def largest_norm(W_enc_FD: torch.Tensor) -> float:
    """Largest Euclidean norm of a row, cached per tensor.

    Checking the weights at every call would cost more than a small encode.

    Args:
        W_enc_FD: `[F, D]` float32, bfloat16 or float16.

    Returns:
        The norm; infinity where squares overflow float32 although every weight is finite.

    Raises:
        ValueError: a weight is NaN or infinite.
    """
    return _remembered(W_enc_FD)


def largest_bias(b_enc_F: torch.Tensor) -> float:
    """Largest magnitude of a bias, cached per tensor.

    Args:
        b_enc_F: `[F]` float32, bfloat16 or float16.

    Raises:
        ValueError: an entry is NaN or infinite.
    """
    return _remembered_bias(b_enc_F)
