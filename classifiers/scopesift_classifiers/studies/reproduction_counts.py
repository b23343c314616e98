"""Counting over all layers of a large scope: texts are read in chunks, and only counts and a few columns are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope

from scopesift_classifiers.feature_tables.cache import FeatureCache

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CHUNK_TEXTS = 256
"""Texts per chunk: with 28 layers of 32k features a text has some 40,000 active ones, a chunk less than 100 MB."""

Columns = dict[int, NDArray[np.int64]]


def read_firing_deltas(
    scope: Scope,
    texts: Sequence[str],
    positive_N: NDArray[np.bool_],
    subsets: Mapping[str, NDArray[np.bool_]],
    on_text: Callable[[int], None],
    cache: FeatureCache | None = None,
) -> dict[str, NDArray[np.float32]]:
    """delta_f = P(fires | positive) - P(fires | negative) at threshold 0, of all features of all layers.

    Args:
        scope: The scope; all layers with an SAE are read.
        texts: N texts.
        positive_N: Which of them are positive.
        subsets: Names and members `[N]` of the sets to count on; both labels must occur in each.
        on_text: Called with the number of texts read since the last call.
        cache: Cache of document features; None: no cache.

    Returns:
        By subset, `[layers, F]` float32.
    """
    sides = [side_N & own_N for own_N in subsets.values() for side_N in (positive_N, ~positive_N)]
    members_NC = np.stack(sides, axis=1).astype(np.float32)
    counts_LFC = np.zeros((len(scope.layers), scope.d_sae, len(sides)), dtype=np.float64)
    for rows, fires in _chunks(scope, texts, on_text, cache):
        for place, layer in enumerate(scope.layers):
            counts_LFC[place] += fires[layer].T @ members_NC[rows]
    rates_LFC = counts_LFC / np.maximum(members_NC.sum(axis=0), 1.0)
    return {
        name: (rates_LFC[..., 2 * place] - rates_LFC[..., 2 * place + 1]).astype(np.float32)
        for place, name in enumerate(subsets)
    }


def read_columns(
    scope: Scope,
    texts: Sequence[str],
    columns: Columns,
    on_text: Callable[[int], None],
    cache: FeatureCache | None = None,
) -> dict[int, NDArray[np.bool_]]:
    """Which features of each layer fire on which texts at threshold 0: `[N, len(columns[layer])]` by layer."""
    parts: dict[int, list[NDArray[np.bool_]]] = {layer: [] for layer in columns}
    for _, fires in _chunks(scope, texts, on_text, cache):
        for layer, own in columns.items():
            parts[layer].append(fires[layer][:, own].toarray() > 0)
    return {
        layer: np.concatenate([np.zeros((0, len(columns[layer])), dtype=bool), *own])
        for layer, own in parts.items()
    }


def _chunks(
    scope: Scope, texts: Sequence[str], on_text: Callable[[int], None], cache: FeatureCache | None
) -> Iterator[tuple[slice, dict[int, csr_matrix]]]:
    """Row indices and, by layer, 1 where a feature fires on a document."""
    read = document_features if cache is None else cache.document_features
    for begin in range(0, len(texts), CHUNK_TEXTS):
        chunk = texts[begin : begin + CHUNK_TEXTS]
        acts = read(scope, chunk, scope.layers).acts
        for own in acts.values():
            own.data = (own.data > 0).astype(np.float32)
        on_text(len(chunk))
        yield slice(begin, begin + len(chunk)), acts
