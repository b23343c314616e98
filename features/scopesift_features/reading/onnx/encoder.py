"""The top-k encode of one layer by ONNX Runtime, exact in float32 or of products in int8, and maxima over windows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scopesift_features.backbone.e5.int8_scales import read_encoder_scales
from scopesift_features.catalogue.settings import FLOAT32, INT8
from scopesift_features.reading.onnx.sessions import FOLDER, SCALES, byte_kind, encode_name, open_graph
from scopesift_features.reading.selected_features import LayerFeatures
from scopesift_features.sae.encoder_arrays import int8_encoder_arrays, read_encoder, to_bfloat16
from scopesift_features.scope import Scope

SLAB = 128
"""Tokens per run: their pre-activations, 3 MB of 6,144 features, stay in a cache until the largest are found."""

Each = Callable[[Callable[["Slab"], "FoundPairs"], Iterable["Slab"]], Iterable["FoundPairs"]]
"""Calls a function for each slab and gives the results in order: `map`, or that of a pool of threads."""

_SMALLEST = np.nextafter(np.float32(0), np.float32(1))


class WindowMaxima(NamedTuple):
    """Largest activation per window and feature, float32 `[W, S]`, and the earliest token with it, int64 (-1: none)."""

    acts_WS: NDArray[np.float32]
    tokens_WS: NDArray[np.int64]


class Slab(NamedTuple):
    """Some tokens of one layer: the layer, the first token's index, and residuals `[R, …]` as the graph reads them."""

    layer: int
    begin: int
    x_RD: NDArray[np.float32]


class FoundPairs(NamedTuple):
    """Tokens, features and activations of a slab's active pairs, as in `ActivePairs`."""

    tokens_E: NDArray[np.int64]
    indices_E: NDArray[np.int64]
    acts_E: NDArray[np.float32]


def encode(
    encoders: Mapping[int, OnnxEncoder], residuals: Mapping[int, NDArray[np.float32]], each: Each = map
) -> dict[int, ActivePairs]:
    """The active features by layer: those of a token's k largest that are positive; ties go to the lowest index.

    Args:
        encoders: of the layers.
        residuals: of the same tokens, `[T, D]` float32 by layer; rounded to the SAE's dtype, or to bytes.
        each: `map`, or that of a pool of threads, in which slabs of all layers then run at once.

    Raises:
        ValueError: a residual is not finite.
    """
    slabs = [slab for layer, x_TD in residuals.items() for slab in encoders[layer].slabs(x_TD)]
    found: dict[int, list[FoundPairs]] = {layer: [] for layer in residuals}
    for slab, pairs in zip(slabs, each(lambda slab: encoders[slab.layer].run(slab), slabs), strict=True):
        found[slab.layer].append(pairs)
    return {layer: encoders[layer].joined(parts) for layer, parts in found.items()}


class OnnxEncoder:
    """A TopK encoder of a scope, in int8 if its backbone is; may be used from several threads, and uses one in each."""

    def __init__(self, scope: Scope, layer: int) -> None:
        """Read the encoder and open the session.

        Raises:
            ScopeError: no SAE for this layer, or a damaged file.
        """
        self._layer, self._k, self._n_features = layer, scope.config.k or 0, scope.d_sae
        self._dtype = INT8 if scope.settings.dtype == INT8 else scope.settings.sae_dtype
        encoder = read_encoder(scope.sae_file(layer), scope.config, scope.settings.sae_dtype)
        folder, weights = scope.folder / FOLDER, FLOAT32
        arrays: dict[str, NDArray[Any]]
        if self._dtype == INT8:
            weights = byte_kind(folder)
            scales = read_encoder_scales(folder / SCALES, layer, scope.d_model)
            arrays = int8_encoder_arrays(encoder, scales, signed=weights == INT8)
        else:
            # the bias is the weight of a last column of ones: one pass less over the pre-activations
            arrays = {"encoder": np.concatenate((encoder.W_enc_FD.T, encoder.b_enc_F[None]))}
        self._session = open_graph(folder / encode_name(weights), arrays, threads=1)

    def slabs(self, x_TD: NDArray[np.float32]) -> list[Slab]:
        """Residuals in slabs, to be encoded each by itself.

        Raises:
            ValueError: the residual is not finite.
        """
        if not np.isfinite(x_TD.sum(dtype=np.float64)):
            raise ValueError("expected finite residuals, got NaN or infinity; check the backbone's weights")
        if self._dtype != INT8:
            x_TD = to_bfloat16(x_TD) if self._dtype == "bfloat16" else x_TD
            x_TD = np.concatenate((x_TD, np.ones((len(x_TD), 1), np.float32)), axis=1)
        return [Slab(self._layer, begin, x_TD[begin : begin + SLAB]) for begin in range(0, len(x_TD), SLAB)]

    def run(self, slab: Slab) -> FoundPairs:
        """The active pairs of a slab."""
        pre_RF, largest_RG = self._session.run(["pre", "largest"], {"residual": slab.x_RD})
        # k groups hold a feature that large, so the k largest features are no smaller
        at = largest_RG.shape[1] - self._k
        bound_R1 = np.partition(largest_RG, at, axis=1)[:, at : at + 1]
        found_E = np.flatnonzero(pre_RF >= np.maximum(bound_R1, _SMALLEST))
        token_E, index_E = np.divmod(found_E, self._n_features)
        act_E = pre_RF.ravel()[found_E]
        kept_E = self._among_largest(token_E, act_E, len(pre_RF))
        return FoundPairs(token_E[kept_E] + slab.begin, index_E[kept_E], act_E[kept_E])

    def _among_largest(
        self, token_E: NDArray[np.int64], act_E: NDArray[np.float32], rows: int
    ) -> NDArray[np.bool_]:
        """Which pairs are among their token's k largest; of equal ones the first are.

        Args:
            token_E: ascending.
            act_E: above 0.
            rows: R, the number of tokens.
        """
        count_R = np.bincount(token_E, minlength=rows)
        first_R = np.cumsum(count_R) - count_R
        width = max(int(count_R.max(initial=0)), self._k)
        acts_RC = np.zeros((rows, width), np.float32)
        acts_RC[token_E, np.arange(len(token_E)) - first_R[token_E]] = act_E
        kth_E = np.partition(acts_RC, width - self._k, axis=1)[:, width - self._k][token_E]
        larger_E, tied_E = act_E > kth_E, act_E == kth_E
        free_R = self._k - np.bincount(token_E[larger_E], minlength=rows)
        ties_E = np.cumsum(tied_E)
        earlier_R = np.concatenate(([0], ties_E))[first_R]
        kept_E: NDArray[np.bool_] = larger_E | (tied_E & (ties_E - earlier_R[token_E] <= free_R[token_E]))
        return kept_E

    def joined(self, parts: Sequence[FoundPairs]) -> ActivePairs:
        """The pairs of consecutive slabs."""
        nothing = FoundPairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
        tokens_E, indices_E, acts_E = (np.concatenate(own) for own in zip(nothing, *parts, strict=True))
        return ActivePairs(tokens_E, indices_E, acts_E, self._n_features)


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
