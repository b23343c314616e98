"""Extreme tokens: tokens with a residual norm far above the median, on which an SAE's activations are meaningless.

Qwen's models have attention sinks: tokens, not only the first, whose residual has 100 to 1,000 times the median norm.
SAEs were trained without them, and they would dominate a maximum over tokens. So each layer has a norm bound, which is
measured once on the texts of a fit and stored in the artifact.
"""

from __future__ import annotations

import torch
from torch import Tensor


def norms(x_TD: Tensor) -> Tensor:
    """Euclidean norm of every residual, float32 `[T]`, on its device."""
    found: Tensor = torch.linalg.vector_norm(x_TD, dim=1, dtype=torch.float32)
    return found


def is_extreme(x_TD: Tensor, window_T: Tensor, n_windows: int, norm_bound: float) -> Tensor:
    """Tokens that are left out.

    Args:
        x_TD: residuals of some windows' tokens.
        window_T: window of every token, int64, on the CPU.
        n_windows: number of windows.
        norm_bound: the largest norm that is kept.

    Returns:
        Bool `[T]` on the CPU. A window in which every token is above the bound keeps all tokens, so that its text
        has an answer. Non-finite residuals are kept, so that the encoder raises.
    """
    norm_T = norms(x_TD)
    above_T = ((norm_T > norm_bound) & norm_T.isfinite()).cpu()
    other_W = torch.zeros(n_windows, dtype=torch.bool)
    other_W[window_T[~above_T]] = True
    return above_T & other_W[window_T]
