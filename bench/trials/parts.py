"""Rows of a data set with their features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope


@dataclass(frozen=True, eq=False)
class Part:
    """N rows with their features.

    Attributes:
        rows: Texts and labels.
        table: Their document features, all layers of the scope.
        mean_ND: Their mean residual by layer, `[N, d_model]` float32.
    """

    rows: LabelledText
    table: FeatureTable
    mean_ND: dict[int, NDArray[np.float32]]

    def take(self, index_N: NDArray[np.int64]) -> Part:
        """Some of the rows, in the order given."""
        means = {layer: mean_ND[index_N] for layer, mean_ND in self.mean_ND.items()}
        return Part(self.rows.select(index_N), self.table.rows(index_N), means)


def read_parts(
    scope: Scope,
    rows: Sequence[LabelledText],
    *,
    cache: FeatureCache | None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Part]:
    """Read several sets of rows.

    Args:
        scope: The scope; all of its layers are read.
        rows: The sets.
        cache: Cache of document features; None: no cache.
        on_progress: Called with (texts read, all texts).

    Returns:
        One part per set, in order.
    """
    read = document_features if cache is None else cache.document_features
    texts = [text for own in rows for text in own.texts]
    found = read(scope, texts, list(scope.layers), mean_residual=True, on_progress=on_progress)
    whole = Part(join_rows(rows), FeatureTable.of(found), found.mean_ND or {})
    ends = np.cumsum([len(own) for own in rows])
    return [whole.take(np.arange(end - len(own), end)) for own, end in zip(rows, ends, strict=True)]


def join(parts: Sequence[Part]) -> Part:
    """Several parts as one, in their order."""
    from scipy.sparse import vstack

    first = parts[0].table
    acts_NF = vstack([part.table.acts_NF for part in parts], format="csr", dtype=np.float32)
    return Part(
        join_rows([part.rows for part in parts]),
        FeatureTable(acts_NF, first.layers, first.d_sae),
        {layer: np.concatenate([part.mean_ND[layer] for part in parts]) for layer in first.layers},
    )
