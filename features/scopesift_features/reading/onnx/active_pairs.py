"""Active pairs of tokens and features, and their maxima over windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scopesift_features.reading.selected_features import LayerFeatures


class WindowMaxima(NamedTuple):
    """Largest activation per window and feature, float32 `[W, S]`, and the earliest token with it, int64 (-1: none)."""

    acts_WS: NDArray[np.float32]
    tokens_WS: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ActivePairs:
    """The E active pairs (token, feature) of T tokens.

    Attributes:
        tokens_E: int64, non-decreasing.
        indices_E: features, int64.
        acts_E: activations, float32, above 0.
        n_features: F.
    """

    tokens_E: NDArray[np.int64]
    indices_E: NDArray[np.int64]
    acts_E: NDArray[np.float32]
    n_features: int

    @classmethod
    def joined(cls, parts: Sequence[ActivePairs], n_features: int) -> ActivePairs:
        """Those of consecutive tokens together."""
        none = cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), n_features)
        each = [none, *parts]
        return cls(
            np.concatenate([part.tokens_E for part in each]),
            np.concatenate([part.indices_E for part in each]),
            np.concatenate([part.acts_E for part in each]),
            n_features,
        )

    def maxima(
        self,
        features: LayerFeatures,
        window_T: NDArray[np.int64],
        n_windows: int,
        extreme_T: NDArray[np.bool_] | None,
    ) -> WindowMaxima:
        """Maxima of selected features over windows, as `scopesift_kernels.encode_selected` gives them.

        Args:
            features: S features and their floors.
            window_T: window of every token, int64.
            n_windows: W.
            extreme_T: tokens that are left out; None: none.
        """
        asked_U, column_S = np.unique(features.indices_S, return_inverse=True)
        row_F = np.full(self.n_features, -1)
        row_F[asked_U] = np.arange(len(asked_U))
        row_E = row_F[self.indices_E]
        counts_E = row_E >= 0
        if extreme_T is not None:
            counts_E &= ~extreme_T[self.tokens_E]
        token_P, act_P = self.tokens_E[counts_E], self.acts_E[counts_E]
        cell_P = window_T[token_P] * len(asked_U) + row_E[counts_E]
        acts_C = np.zeros(n_windows * len(asked_U), np.float32)
        np.maximum.at(acts_C, cell_P, act_P)
        tokens_C = np.full(len(acts_C), -1)
        reaching = np.flatnonzero(act_P == acts_C[cell_P])[::-1]  # the earliest token is written last
        tokens_C[cell_P[reaching]] = token_P[reaching]
        acts_WS = acts_C.reshape(n_windows, -1)[:, column_S]
        tokens_WS = tokens_C.reshape(n_windows, -1)[:, column_S]
        silent_WS = ~(acts_WS > features.floors_S)
        acts_WS[silent_WS], tokens_WS[silent_WS] = 0, -1
        return WindowMaxima(acts_WS, tokens_WS)


def among_largest(
    token_E: NDArray[np.int64], act_E: NDArray[np.float32], n_tokens: int, k: int
) -> NDArray[np.bool_]:
    """Which pairs are among their token's k largest; of equal ones the first are.

    Args:
        token_E: ascending.
        act_E: above 0.
        n_tokens: R.
        k: pairs per token.
    """
    count_R = np.bincount(token_E, minlength=n_tokens)
    first_R = np.cumsum(count_R) - count_R
    width = max(int(count_R.max(initial=0)), k)
    acts_RC = np.zeros((n_tokens, width), np.float32)
    acts_RC[token_E, np.arange(len(token_E)) - first_R[token_E]] = act_E
    kth_E = np.partition(acts_RC, width - k, axis=1)[:, width - k][token_E]
    larger_E, tied_E = act_E > kth_E, act_E == kth_E
    free_R = k - np.bincount(token_E[larger_E], minlength=n_tokens)
    ties_E = np.cumsum(tied_E)
    earlier_R = np.concatenate(([0], ties_E))[first_R]
    kept_E: NDArray[np.bool_] = larger_E | (tied_E & (ties_E - earlier_R[token_E] <= free_R[token_E]))
    return kept_E


def find_extreme(
    x_TD: NDArray[np.float32], window_T: NDArray[np.int64], n_windows: int, norm_bound: float
) -> NDArray[np.bool_] | None:
    """Tokens above a norm bound, as `extreme_tokens.is_extreme` finds them; None if nothing is left out."""
    if math.isinf(norm_bound):
        return None
    norm_T = np.linalg.norm(x_TD, axis=1)
    above_T = norm_T > norm_bound
    other_W = np.zeros(n_windows, dtype=np.bool_)
    other_W[window_T[~above_T]] = True
    return above_T & other_W[window_T]
