"""The features that a data set uses: those active in at least a minimum share of its documents."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope

from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.feature_tables.counting import Block, FeatureTable, Table
from scopesift_classifiers.overlaps.data_sets import DataSet

HALVINGS = 5
"""Times that a data set is split in two random halves."""
TEXTS_AT_ONCE = 2048
CACHED_AT_ONCE = 16_384
"""With a cache more texts are read at a time: every look-up opens all of its files, and features stay on disk."""

Counts = Mapping[int, NDArray[np.int32]]


@dataclass(frozen=True, eq=False)
class FeatureUsage:
    """In how many documents of a data set each feature is active.

    Attributes:
        name: Name of the data set.
        rows: N, its documents.
        counts: layer -> documents in which each feature is active, `[F]`.
        halves: layer -> the same in one of two random halves, for each halving, `[HALVINGS, F]`; the other half has
            the rest.
    """

    name: str
    rows: int
    counts: Counts
    halves: Counts

    @property
    def layers(self) -> list[int]:
        """The layers, ascending."""
        return sorted(self.counts)

    @property
    def half_rows(self) -> int:
        """Documents of the half that is counted."""
        return self.rows // 2

    def share(self, layer: int, feature: int) -> float:
        """The share of documents in which a feature is active."""
        return int(self.counts[layer][feature]) / self.rows

    def used(self, layer: int, min_share: float) -> NDArray[np.bool_]:
        """Bool `[F]`: active in at least this share of the documents."""
        return self.counts[layer] >= least_documents(self.rows, min_share)

    def used_by_halves(
        self, layer: int, min_share: float
    ) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """The features used by each of two halves, once for each halving."""
        first, second = self.half_rows, self.rows - self.half_rows
        for counts_F in self.halves[layer]:
            rest_F = self.counts[layer] - counts_F
            yield counts_F >= least_documents(first, min_share), rest_F >= least_documents(second, min_share)

    def gaps_of_halves(self, layer: int) -> NDArray[np.float64]:
        """The largest difference of a feature's shares in two halves, for each halving, `[HALVINGS]`."""
        first, second = self.half_rows, self.rows - self.half_rows
        counts_HF = self.halves[layer]
        gaps_H: NDArray[np.float64] = np.abs(
            counts_HF / first - (self.counts[layer] - counts_HF) / second
        ).max(axis=1)
        return gaps_H


def least_documents(rows: int, min_share: float) -> int:
    """Documents of so many in which a feature must be active to count: the share rounded up, at least one."""
    return max(1, math.ceil(round(min_share * rows, 6)))


def count_usage(
    scope: Scope,
    data: DataSet,
    layers: Sequence[int],
    *,
    last_token: bool = False,
    seed: int = 0,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> FeatureUsage:
    """Read a data set and count; texts and features are held for some thousand documents at a time.

    Args:
        scope: The scope, with its norm bounds.
        data: The data set.
        layers: Layers to read.
        last_token: Whether features of the last token count, instead of those of any token.
        seed: Seed of the halves.
        cache: Cache of document features; None: no cache.
        on_progress: Called with (documents read, N).

    Raises:
        InputError: The file cannot be read any more.
        ScopeError: A layer that the scope does not have, or a cache that cannot be written.
    """
    counts = {layer: np.zeros(scope.d_sae, np.int32) for layer in layers}
    halves = {layer: np.zeros((HALVINGS, scope.d_sae), np.int32) for layer in layers}
    in_half_HN = random_halves(len(data), seed)
    begin = 0
    for texts in data.pieces(TEXTS_AT_ONCE if cache is None else CACHED_AT_ONCE):
        table = read_features(
            scope,
            texts,
            layers,
            last_token=last_token,
            cache=cache,
            on_progress=_shifted(on_progress, begin, len(data)),
        )
        for layer in layers:
            for block in table.blocks(layer):
                counts[layer] += np.diff(block.acts_BF.indptr).astype(np.int32)
                halves[layer] += _counts_in(block, in_half_HN[:, begin + block.documents_B])
        begin += len(texts)
    return FeatureUsage(data.name, len(data), counts, halves)


def read_features(
    scope: Scope,
    texts: Sequence[str],
    layers: Sequence[int],
    *,
    last_token: bool,
    cache: FeatureCache | None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Table:
    """Features of some texts: in the cache, if there is one, else in memory."""
    if cache is not None:
        return cache.stored(scope, texts, layers, last_token=last_token, on_progress=on_progress)
    return FeatureTable.of(
        document_features(scope, texts, layers, last_token=last_token, on_progress=on_progress)
    )


def random_halves(n: int, seed: int) -> NDArray[np.bool_]:
    """Which of n documents are in one of two halves, `[HALVINGS, n]`; for odd n the other has one more."""
    rng = np.random.default_rng([seed, n])
    chosen_HN = np.zeros((HALVINGS, n), dtype=np.bool_)
    for chosen_N in chosen_HN:
        chosen_N[rng.permutation(n)[: n // 2]] = True
    return chosen_HN


def _counts_in(block: Block, chosen_HB: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Chosen documents in which each feature is active, `[H, F]`."""
    active_BF = block.acts_BF.copy()
    active_BF.data = np.ones(len(active_BF.data), dtype=np.int32)
    counts_HF: NDArray[np.int32] = chosen_HB.astype(np.int32) @ active_BF
    return counts_HF


def _shifted(
    on_progress: Callable[[int, int], None] | None, done: int, total: int
) -> Callable[[int, int], None] | None:
    if on_progress is None:
        return None
    return lambda read, _: on_progress(done + read, total)
