"""Document features: the largest activation of every feature over each text's tokens, sparse."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_kernels import ActiveFeatures
from torch import Tensor

from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.extract import stream_residuals
from scopesift_features.reading.last_token import last_tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from scopesift_features.scope import Scope

CHUNK_TEXTS = 2048


@dataclass(frozen=True, eq=False)
class DocumentFeatures:
    """Document features of N texts.

    Attributes:
        acts: layer -> scipy CSR `[N, F]` float32: the largest activation over the text's kept tokens and windows, of
            active features of a token; no explicit zeros, columns ascending.
        mean_ND: layer -> `[N, d_model]` float32, the mean residual over kept tokens (zeros for a text without any);
            None unless requested.
    """

    acts: dict[int, csr_matrix]
    mean_ND: dict[int, NDArray[np.float32]] | None


def document_features(
    scope: Scope,
    texts: Sequence[str],
    layers: Sequence[int],
    *,
    mean_residual: bool = False,
    last_token: bool = False,
    max_tokens: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> DocumentFeatures:
    """Compute document features; memory grows with the active features only.

    Args:
        scope: the backbone and its SAEs; tokens above its norm bounds are left out.
        texts: N strings of any length and content.
        layers: layers to read, in one backbone pass.
        mean_residual: whether to compute mean residuals too, for the dense baselines.
        last_token: read the last token of each text only, as if it had no others.
        max_tokens: maximum tokens of a batch; None: by device.
        on_progress: called with (texts done, N).

    Raises:
        ScopeError: a layer that the scope does not have, or damaged weights.
        InputError: a text that is not a string.
    """
    from scipy.sparse import csr_matrix, vstack

    rows: dict[int, list[Any]] = {layer: [] for layer in layers}
    means: dict[int, list[NDArray[np.float32]]] = {layer: [] for layer in layers}
    for layer in layers:
        scope.sae(layer)  # raises for a missing layer before the backbone runs
    for begin in range(0, len(texts), CHUNK_TEXTS):
        chunk = texts[begin : begin + CHUNK_TEXTS]
        found = {layer: DocumentMaxima(len(chunk), scope.d_sae) for layer in layers}
        averages = {layer: _Means(len(chunk), scope.d_model) for layer in layers} if mean_residual else {}
        done = np.zeros(len(chunk), dtype=np.bool_)
        windows = make_windows(scope, chunk)
        if last_token:
            windows = last_tokens(windows)
        for batch in stream_residuals(scope, windows, layers, max_tokens=max_tokens):
            for layer in layers:
                tokens = batch.at(layer, scope.norm_bounds.get(layer, math.inf))
                found[layer].add(tokens.document_T, scope.sae(layer).active(tokens.x_TD))
                if mean_residual:
                    averages[layer].add(tokens.document_T, tokens.x_TD)
            if on_progress is not None:
                done[[window.document for window in batch.windows]] = True
                on_progress(begin + int(done.sum()), len(texts))
        for layer in layers:
            rows[layer].append(found[layer].csr())
            if mean_residual:
                means[layer].append(averages[layer].means())
        if on_progress is not None:
            on_progress(begin + len(chunk), len(texts))
    empty = csr_matrix((0, scope.d_sae), dtype=np.float32)
    return DocumentFeatures(
        acts={layer: vstack([empty, *rows[layer]], format="csr", dtype=np.float32) for layer in layers},
        mean_ND={
            layer: np.concatenate([np.zeros((0, scope.d_model), np.float32), *means[layer]])
            for layer in layers
        }
        if mean_residual
        else None,
    )


class DocumentMaxima:
    """Largest activation per (document, feature), accumulated batch by batch."""

    def __init__(self, n_documents: int, d_sae: int) -> None:
        self._shape = (n_documents, d_sae)
        self._keys: list[Tensor] = []
        self._values: list[Tensor] = []

    def add(self, document_T: Tensor, active: ActiveFeatures) -> None:
        """Add the active features of a batch's tokens."""
        document_E = document_T.to(active.indices_E.device)[active.tokens_E]
        keys, values = _largest(document_E * self._shape[1] + active.indices_E, active.values_E)
        self._keys.append(keys.cpu())
        self._values.append(values.cpu())

    def csr(self) -> csr_matrix:
        """The matrix `[documents, F]`, float32."""
        from scipy.sparse import csr_matrix

        if not self._keys:
            return csr_matrix(self._shape, dtype=np.float32)
        keys, values = _largest(torch.cat(self._keys), torch.cat(self._values))
        rows, columns = np.divmod(keys.numpy(), self._shape[1])
        starts = np.searchsorted(rows, np.arange(self._shape[0] + 1))
        return csr_matrix((values.numpy(), columns, starts), shape=self._shape, dtype=np.float32)


class _Means:
    """Mean residual per document, summed in float64, so that the order of batches doesn't matter."""

    def __init__(self, n_documents: int, d_model: int) -> None:
        self._sum_ND = torch.zeros(n_documents, d_model, dtype=torch.float64)
        self._count_N = torch.zeros(n_documents, dtype=torch.float64)

    def add(self, document_T: Tensor, x_TD: Tensor) -> None:
        """Add a batch's residuals; summed on their device, so that only sums are copied."""
        documents_P, place_T = document_T.unique(return_inverse=True)
        sum_PD = torch.zeros(len(documents_P), x_TD.shape[1], dtype=torch.float64, device=x_TD.device)
        sum_PD.index_add_(0, place_T.to(x_TD.device), x_TD.double())
        self._sum_ND[documents_P] += sum_PD.cpu()
        self._count_N.index_add_(0, document_T, torch.ones(len(document_T), dtype=torch.float64))

    def means(self) -> NDArray[np.float32]:
        """`[documents, d_model]`; zeros for documents without tokens."""
        mean_ND: NDArray[np.float32] = (self._sum_ND / self._count_N.clamp(min=1)[:, None]).float().numpy()
        return mean_ND


def _largest(keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Distinct keys, ascending, each with its largest value."""
    keys, order = keys.sort()
    unique, group = torch.unique_consecutive(keys, return_inverse=True)
    largest = torch.zeros(len(unique), dtype=torch.float32, device=values.device)
    return unique, largest.scatter_reduce_(0, group, values[order].float(), "amax")
