"""What the two encodes return."""

from __future__ import annotations

from typing import NamedTuple

import torch


class TopK(NamedTuple):
    """The active features of every token.

    Attributes:
        values_TK: float32 `[T, k]`, ReLU of the pre-activations, in the order of `indices_TK`.
        indices_TK: int64 `[T, k]`, feature indices by pre-activation descending, then index ascending.
            Features whose pre-activation is not positive are listed too, with value 0.
    """

    values_TK: torch.Tensor
    indices_TK: torch.Tensor


class SelectedMaxima(NamedTuple):
    """The largest activation of each selected feature in each document.

    Attributes:
        maxima_NS: float32 `[N, S]`, 0 where no token of the document counts for the feature.
        tokens_NS: int64 `[N, S]`, the earliest token (row of `x_TD`) that reaches the maximum, -1 where none
            counts.
    """

    maxima_NS: torch.Tensor
    tokens_NS: torch.Tensor
