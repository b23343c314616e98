"""The exact top-k encode of one layer by ONNX Runtime, and maxima over windows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scopesift_features.reading.onnx.sessions import ENCODE, FOLDER, open_graph
from scopesift_features.reading.selected_features import LayerFeatures
from scopesift_features.sae.encoder_arrays import read_encoder, to_bfloat16
from scopesift_features.scope import Scope

SLAB = 128
"""Tokens per run: their pre-activations, 3 MB of 6,144 features, stay in a cache until the largest are found."""

_SMALLEST = np.nextafter(np.float32(0), np.float32(1))


class WindowMaxima(NamedTuple):
    """Largest activation per window and feature, float32 `[W, S]`, and the earliest token with it, int64 (-1: none)."""

    acts_WS: NDArray[np.float32]
    tokens_WS: NDArray[np.int64]


class OnnxEncoder:
    """A TopK encoder of a scope."""

    def __init__(self, scope: Scope, layer: int, threads: int | None = None) -> None:
        """Read the encoder and open the session, with `threads` as in `open_graph`.

        Raises:
            ScopeError: no SAE for this layer, or a damaged file.
        """
        self._dtype, self._k, self._n_features = scope.settings.sae_dtype, scope.config.k or 0, scope.d_sae
        W_enc_FD, b_enc_F = read_encoder(scope.sae_file(layer), scope.config, self._dtype)
        # the bias is the weight of a last column of ones: one pass less over the pre-activations
        self._encoder_DF = np.concatenate((W_enc_FD.T, b_enc_F[None]))
        self._session = open_graph(scope.folder / FOLDER / ENCODE, {"encoder": self._encoder_DF}, threads)

    def active(self, x_TD: NDArray[np.float32]) -> ActivePairs:
        """The active features of every token: those of its k largest that are positive; ties go to the lowest index.

        Args:
            x_TD: residuals, float32; rounded to the SAE's dtype.

        Raises:
            ValueError: the residual is not finite.
        """
        if not np.isfinite(x_TD.sum(dtype=np.float64)):
            raise ValueError("expected finite residuals, got NaN or infinity; check the backbone's weights")
        x_TD = np.concatenate(
            (to_bfloat16(x_TD) if self._dtype == "bfloat16" else x_TD, np.ones((len(x_TD), 1), np.float32)),
            axis=1,
        )
        slabs = [self._slab(x_TD[begin : begin + SLAB], begin) for begin in range(0, len(x_TD), SLAB)]
        tokens_E, indices_E, acts_E = (np.concatenate(parts) for parts in zip(*slabs, strict=True))
        return ActivePairs(tokens_E, indices_E, acts_E, self._n_features)

    def _slab(
        self, x_RD: NDArray[np.float32], begin: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Tokens, indices and activations of a slab's active pairs."""
        pre_RF, largest_RG = self._session.run(["pre", "largest"], {"residual": x_RD})
        groups = largest_RG.shape[1]
        size = pre_RF.shape[1] // groups
        # the k + 1 groups with the largest maxima contain the k + 1 largest features
        group_RL = largest_RG.argpartition(groups - self._k - 1, axis=1)[:, groups - self._k - 1 :]
        place_RL = group_RL + np.arange(len(x_RD))[:, None] * groups
        pre_RH = pre_RF.reshape(-1, size).take(place_RL.ravel(), axis=0).reshape(len(x_RD), -1)
        at = pre_RH.shape[1] - self._k
        kth_R1 = np.partition(pre_RH, at, axis=1)[:, at : at + 1]
        found_E = np.flatnonzero(pre_RH >= np.maximum(kth_R1, _SMALLEST))
        token_E, act_E = found_E // pre_RH.shape[1], pre_RH.ravel()[found_E]
        index_E = group_RL.ravel()[found_E // size] * size + found_E % size
        tied = np.flatnonzero(np.bincount(token_E, minlength=len(x_RD)) > self._k)
        if len(tied):
            single = ~np.isin(token_E, tied)
            pre_NF = x_RD[tied] @ self._encoder_DF
            order_NK = np.argsort(-pre_NF, axis=1, kind="stable")[:, : self._k]
            pre_NK = np.take_along_axis(pre_NF, order_NK, axis=1)
            row_M, rank_M = (pre_NK > 0).nonzero()
            token_E = np.concatenate((token_E[single], tied[row_M]))
            index_E = np.concatenate((index_E[single], order_NK[row_M, rank_M]))
            act_E = np.concatenate((act_E[single], pre_NK[row_M, rank_M]))
            order = np.argsort(token_E, kind="stable")
            token_E, index_E, act_E = token_E[order], index_E[order], act_E[order]
        return token_E + begin, index_E, act_E


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
