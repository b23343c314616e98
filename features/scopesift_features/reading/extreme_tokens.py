"""Tokens on which an SAE's answer means nothing, because their residual is many times longer than any other.

Qwen's models keep attention sinks: tokens, not only the first, whose residual has 100 to 1,000 times the median norm.
SAEs were trained without them, and a maximum over tokens finds exactly these. So a layer gets a bound on the norm,
measured once on the texts of a fit, and stored with what was fitted.
"""

from __future__ import annotations

import torch
from torch import Tensor


def norms(x_TD: Tensor) -> Tensor:
    """Euclidean norm of every residual, float32 `[T]`, on its device."""
    found: Tensor = torch.linalg.vector_norm(x_TD, dim=1, dtype=torch.float32)
    return found


def is_extreme(x_TD: Tensor, window_T: Tensor, n_windows: int, norm_bound: float) -> Tensor:
    """Which tokens are left out.

    Args:
        x_TD: residuals of some windows' tokens.
        window_T: window of every token, int64, on the CPU.
        n_windows: how many windows there are.
        norm_bound: the largest norm that is kept.

    Returns:
        Bool `[T]` on the CPU. A window in which every token is above the bound keeps all of them, so that its text has
        an answer. What is not finite is kept, so that the encoder refuses it.
    """
    norm_T = norms(x_TD)
    above_T = ((norm_T > norm_bound) & norm_T.isfinite()).cpu()
    other_W = torch.zeros(n_windows, dtype=torch.bool)
    other_W[window_T[~above_T]] = True
    return above_T & other_W[window_T]
