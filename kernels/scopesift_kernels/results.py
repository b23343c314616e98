"""What the two encodes return."""

from __future__ import annotations

from typing import NamedTuple

import torch


class ActiveFeatures(NamedTuple):
    """The active features of every token, in compressed rows: E pairs (token, feature) with their activations.

    Attributes:
        values_E: float32 `[E]`, activations, all above 0.
        indices_E: int64 `[E]`, their features.
        starts_T: int64 `[T + 1]`; the pairs of token t are those from `starts_T[t]` up to `starts_T[t + 1]`.
    """

    values_E: torch.Tensor
    indices_E: torch.Tensor
    starts_T: torch.Tensor

    @property
    def counts_T(self) -> torch.Tensor:
        """Active features of every token, int64 `[T]`."""
        return self.starts_T.diff()

    @property
    def tokens_E(self) -> torch.Tensor:
        """The token of every pair, int64 `[E]`."""
        counts_T = self.counts_T
        return torch.arange(counts_T.numel(), device=counts_T.device).repeat_interleave(counts_T)


class TopK(NamedTuple):
    """The active features of every token.

    Attributes:
        values_TK: float32 `[T, k]`, ReLU of the pre-activations, in the order of `indices_TK`.
        indices_TK: int64 `[T, k]`, feature indices by pre-activation descending, then index ascending.
            Features whose pre-activation is not positive are listed too, with value 0.
    """

    values_TK: torch.Tensor
    indices_TK: torch.Tensor

    def active(self) -> ActiveFeatures:
        """The pairs with a positive activation."""
        active_TK = self.values_TK > 0
        return ActiveFeatures(
            self.values_TK[active_TK], self.indices_TK[active_TK], row_starts(active_TK.sum(dim=1))
        )


class SelectedMaxima(NamedTuple):
    """The largest activation of each selected feature in each document.

    Attributes:
        maxima_NS: float32 `[N, S]`, 0 where no token of the document counts for the feature.
        tokens_NS: int64 `[N, S]`, the earliest token (row of `x_TD`) that reaches the maximum, -1 where none
            counts.
    """

    maxima_NS: torch.Tensor
    tokens_NS: torch.Tensor


def row_starts(counts_T: torch.Tensor) -> torch.Tensor:
    """Where each token's pairs start, from their numbers.

    Args:
        counts_T: int64 `[T]`.

    Returns:
        int64 `[T + 1]`, with 0 first and the number of pairs last.
    """
    return torch.nn.functional.pad(counts_T.cumsum(0), (1, 0))
