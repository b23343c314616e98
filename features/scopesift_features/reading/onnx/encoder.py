"""The top-k encode by ONNX Runtime: in float32, exact but for rounding, or in int8."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopeError

from scopesift_features.catalogue.settings import FLOAT32, INT8
from scopesift_features.int8.scales_file import read_encoder_scales
from scopesift_features.reading.onnx.active_pairs import ActivePairs, among_largest
from scopesift_features.reading.onnx.sessions import FOLDER, SCALES, byte_kind, encode_name, open_graph
from scopesift_features.sae.encoder_arrays import int8_encoder_arrays, read_encoder, to_bfloat16
from scopesift_features.scope import Scope

SLAB = 128
"""Tokens per run: their pre-activations, 3 MB of 6,144 features, stay in a cache until the largest are found."""
LEAST_SLAB = 16
"""Tokens per run where there are fewer than slabs for all threads; the product of fewer takes as long."""

_SMALLEST = np.nextafter(np.float32(0), np.float32(1))


def encode(
    encoders: Mapping[int, OnnxEncoder],
    residuals: Mapping[int, NDArray[np.float32]],
    pool: Executor | None = None,
    threads: int = 1,
) -> dict[int, ActivePairs]:
    """The active features by layer: those of a token's k largest that are positive; ties go to the lowest index.

    Args:
        encoders: of the layers.
        residuals: of the same tokens, `[T, D]` float32 by layer; rounded to the SAE's dtype, or to bytes.
        pool: encodes slabs of tokens of all layers at once; None: the caller's thread does, one after the other.
        threads: of the pool.

    Raises:
        ValueError: a residual is not finite.
    """
    for x_TD in residuals.values():
        if not np.isfinite(x_TD.sum(dtype=np.float64)):
            raise ValueError("expected finite residuals, got NaN or infinity; check the backbone's weights")
    n_tokens = sum(map(len, residuals.values()))
    size = min(SLAB, max(LEAST_SLAB, math.ceil(n_tokens / threads)))
    slabs = [(layer, begin) for layer, x_TD in residuals.items() for begin in range(0, len(x_TD), size)]

    def run(slab: tuple[int, int]) -> ActivePairs:
        layer, begin = slab
        return encoders[layer].active(residuals[layer][begin : begin + size], begin)

    parts: dict[int, list[ActivePairs]] = {layer: [] for layer in residuals}
    for (layer, _), part in zip(slabs, (pool.map if pool else map)(run, slabs), strict=True):
        parts[layer].append(part)
    return {layer: ActivePairs.joined(own, encoders[layer].n_features) for layer, own in parts.items()}


class OnnxEncoder:
    """A TopK encoder of a scope, in int8 if its backbone is; may be used from several threads, and uses one in each.

    Attributes:
        n_features: F.
    """

    def __init__(self, scope: Scope, layer: int) -> None:
        """Read the encoder and open the session.

        Raises:
            ScopeError: no TopK SAE for this layer, or a damaged file.
        """
        if scope.k is None:
            raise ScopeError(
                f"{scope.id} has no TopK SAEs, which alone ONNX Runtime encodes; use the backend torch"
            )
        self._k, self.n_features = scope.k, scope.d_sae
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

    def active(self, x_RD: NDArray[np.float32], begin: int = 0) -> ActivePairs:
        """The active pairs of some tokens, of which the first is number `begin`.

        Args:
            x_RD: residuals, finite.
            begin: what is added to the tokens' numbers.
        """
        pre_RF, largest_RG = self._session.run(["pre", "largest"], {"residual": self._as_read(x_RD)})
        # k groups hold a feature that large, so the k largest features are no smaller
        at = largest_RG.shape[1] - self._k
        bound_R1 = np.partition(largest_RG, at, axis=1)[:, at : at + 1]
        found_E = np.flatnonzero(pre_RF >= np.maximum(bound_R1, _SMALLEST))
        token_E, index_E = np.divmod(found_E, self.n_features)
        act_E = pre_RF.ravel()[found_E]
        kept_E = among_largest(token_E, act_E, len(pre_RF), self._k)
        return ActivePairs(token_E[kept_E] + begin, index_E[kept_E], act_E[kept_E], self.n_features)

    def _as_read(self, x_RD: NDArray[np.float32]) -> NDArray[np.float32]:
        """Residuals as the graph reads them; in int8 it rounds them itself."""
        if self._dtype == INT8:
            return x_RD
        rounded_RD = to_bfloat16(x_RD) if self._dtype == "bfloat16" else x_RD
        return np.concatenate((rounded_RD, np.ones((len(x_RD), 1), np.float32)), axis=1)
