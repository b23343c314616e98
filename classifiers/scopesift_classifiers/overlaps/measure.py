"""Measure the overlap of data sets: read them, count, compare, and describe what makes the difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from scopesift_features.reading.norm_bounds import SAMPLE, bounded
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.overlaps.comparison import Overlap, compare, overlap_dict, split_half
from scopesift_classifiers.overlaps.data_sets import DataSet, texts_of_all
from scopesift_classifiers.overlaps.differences import Difference, described, find_differences
from scopesift_classifiers.overlaps.examples import find_examples, known_labels
from scopesift_classifiers.overlaps.usage import FeatureUsage, count_usage

DOCUMENT, LAST = "document", "last"
MIN_SHARES = {DOCUMENT: 0.1, LAST: 0.01}
"""Default minimum share by pool: any of a document's tokens is active in so many features that at a share of .01 two
very different data sets seem alike; see docs/overlap.md."""
POOLS = tuple(MIN_SHARES)
EXAMPLES = 2


@dataclass(frozen=True)
class OverlapSettings:
    """How overlap is measured.

    Attributes:
        pool: "document": a feature is active in a document if it is on any token; "last": if it is on the last one.
        min_share: A data set uses the features that are active in at least this share of its documents.
        seed: Seed of the random halves.
        differences: Features described for each direction of a pair.
    """

    pool: str = DOCUMENT
    min_share: float = MIN_SHARES[DOCUMENT]
    seed: int = 0
    differences: int = 5

    def __post_init__(self) -> None:
        if not 0 <= self.min_share <= 1:
            raise UsageError(f"expected a minimum share between 0 and 1, got {self.min_share:g}")


def default_min_share(pool: str) -> float:
    """The minimum share that is usual for a pool.

    Raises:
        UsageError: There is no such pool.
    """
    if pool not in MIN_SHARES:
        raise UsageError(f"no pool {pool!r}; expected one of: {', '.join(POOLS)}")
    return MIN_SHARES[pool]


@dataclass(frozen=True, eq=False)
class Measured:
    """The overlap of some data sets.

    Attributes:
        scope_id: The scope.
        settings: How it was measured.
        usages: What each data set uses.
        pairs: (index of A, index of B) -> their overlap by layer, each pair once.
        differences: (index of the one that uses them, index of the other) -> features, in both directions.
    """

    scope_id: str
    settings: OverlapSettings
    usages: list[FeatureUsage]
    pairs: dict[tuple[int, int], dict[int, Overlap]]
    differences: dict[tuple[int, int], list[Difference]]

    @property
    def features(self) -> int:
        """All features of the layers, used or not."""
        return sum(len(counts_F) for counts_F in self.usages[0].counts.values())

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values; docs/overlap.md describes the keys."""
        settings, names = self.settings, [usage.name for usage in self.usages]
        return {
            "scope": self.scope_id,
            "layers": self.usages[0].layers,
            "pool": settings.pool,
            "min_share": settings.min_share,
            "seed": settings.seed,
            "features": self.features,
            "data_sets": [
                {
                    "name": usage.name,
                    "rows": usage.rows,
                    "features": sum(
                        int(usage.used(layer, settings.min_share).sum()) for layer in usage.layers
                    ),
                    "split_half": split_half(usage, settings.min_share),
                }
                for usage in self.usages
            ],
            "pairs": [
                {"a": names[a], "b": names[b]}
                | overlap_dict(by_layer)
                | {
                    "only_a": [one.to_dict() for one in self.differences[a, b]],
                    "only_b": [one.to_dict() for one in self.differences[b, a]],
                }
                for (a, b), by_layer in self.pairs.items()
            ],
        }


def measure_overlap(
    scope: Scope,
    data_sets: Sequence[DataSet],
    settings: OverlapSettings,
    *,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Measure the overlap of two or more data sets in all layers of a scope.

    Args:
        scope: The scope; if its settings have a norm limit, one norm bound per layer is measured on all data sets.
        data_sets: The data sets, as `open_data_sets` gives them.
        settings: How to measure.
        cache: Cache of document features; None: no cache.
        on_progress: Called with (documents read, all documents).

    Raises:
        InputError: A file cannot be read any more, or has no text with tokens.
        ScopeError: Damaged weights, or a cache that cannot be written.
    """
    layers, last_token = scope.layers, settings.pool == LAST
    scope = _bounded(scope, data_sets)
    total, done = sum(map(len, data_sets)), 0
    usages: list[FeatureUsage] = []
    for data in data_sets:

        def progress(read: int, _: int, before: int = done) -> None:
            if on_progress is not None:
                on_progress(before + read, total)

        usages.append(
            count_usage(
                scope,
                data,
                layers,
                last_token=last_token,
                seed=settings.seed,
                cache=cache,
                on_progress=progress,
            )
        )
        done += len(data)
    pairs = {
        (a, b): compare(usages[a], usages[b], settings.min_share)
        for a, b in combinations(range(len(usages)), 2)
    }
    differences = find_differences(usages, settings.min_share, settings.differences)
    labels = known_labels(scope) if any(differences.values()) else {}
    for at, data in enumerate(data_sets):
        own = [pair for pair in differences if pair[0] == at]
        places = sorted({one.place for pair in own for one in differences[pair]})
        examples = find_examples(scope, data, places, last_token=last_token, cache=cache)
        differences |= {pair: described(differences[pair], labels, examples, EXAMPLES) for pair in own}
    return Measured(scope.id, settings, usages, pairs, differences)


def _bounded(scope: Scope, data_sets: Sequence[DataSet]) -> Scope:
    """The scope with norm bounds, if it has a norm limit.

    One digit is enough for a limit that is far above the usual norm, and with other files beside them the same
    data sets mostly get the same bounds, on which the entries of the cache depend.
    """
    if scope.settings.norm_limit is None or scope.norm_bounds:
        return scope
    exact = bounded(scope, texts_of_all(data_sets, SAMPLE), scope.layers).norm_bounds
    return scope.with_bounds({layer: float(f"{bound:.1g}") for layer, bound in exact.items()})
