"""Sizes of two sets of features and of what they share, by layer and over all layers."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopesiftError

from scopesift_classifiers.overlaps.usage import FeatureUsage


@dataclass(frozen=True)
class Overlap:
    """Two sets of features, A and B, of one layer or of several.

    Attributes:
        size_a, size_b: Features in each.
        shared: Features in both.
        features: All features of these layers, used or not.
    """

    size_a: int
    size_b: int
    shared: int
    features: int

    @classmethod
    def of(cls, used_a_F: NDArray[np.bool_], used_b_F: NDArray[np.bool_]) -> Overlap:
        """Compare two sets, given as bool `[F]`."""
        shared = int((used_a_F & used_b_F).sum())
        return cls(int(used_a_F.sum()), int(used_b_F.sum()), shared, len(used_a_F))

    @classmethod
    def total(cls, parts: Iterable[Overlap]) -> Overlap:
        """Several layers together; features of different layers are different features."""
        found = list(parts)
        sums = [
            sum(getattr(one, name) for one in found) for name in ("size_a", "size_b", "shared", "features")
        ]
        return cls(*sums)

    @property
    def jaccard(self) -> float | None:
        """|A & B| / |A | B|; None if both are empty."""
        return _ratio(self.shared, self.size_a + self.size_b - self.shared)

    @property
    def a_in_b(self) -> float | None:
        """|A & B| / |A|, the overlap of the Qwen-Scope report (section 4); None if A is empty."""
        return _ratio(self.shared, self.size_a)

    @property
    def b_in_a(self) -> float | None:
        """|A & B| / |B|; None if B is empty."""
        return _ratio(self.shared, self.size_b)

    @property
    def a_in_b_by_chance(self) -> float | None:
        """What A in B would be on average if B were as many features drawn at random."""
        return _ratio(self.size_b, self.features)

    @property
    def b_in_a_by_chance(self) -> float | None:
        """What B in A would be on average if A were as many features drawn at random."""
        return _ratio(self.size_a, self.features)

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON values, rounded to four digits."""
        shares = ("jaccard", "a_in_b", "b_in_a", "a_in_b_by_chance", "b_in_a_by_chance")
        return {
            "size_a": self.size_a,
            "size_b": self.size_b,
            "shared": self.shared,
            **{name: _rounded(getattr(self, name)) for name in shares},
        }


def compare(a: FeatureUsage, b: FeatureUsage, min_share: float) -> dict[int, Overlap]:
    """The overlap of two data sets in each layer.

    Raises:
        ScopesiftError: They were counted in different layers.
    """
    if a.layers != b.layers:
        raise ScopesiftError(f"expected the same layers, got {a.layers} and {b.layers}; count them again")
    return {layer: Overlap.of(a.used(layer, min_share), b.used(layer, min_share)) for layer in a.layers}


def split_half(usage: FeatureUsage, min_share: float) -> dict[str, float | None]:
    """How much two random halves of one data set overlap, over all layers, as means over the halvings.

    It is the most that can be expected of another data set with as many rows as a half: what is missing to 1 comes
    from the rows that happen to be in it.

    Returns:
        `{"jaccard", "contained", "largest_gap"}`: `contained` is the mean of both directions, `largest_gap` the largest
        difference of a feature's shares of documents. None without two documents.
    """
    if usage.rows < 2:
        return {"jaccard": None, "contained": None, "largest_gap": None}
    pairs = [usage.used_by_halves(layer, min_share) for layer in usage.layers]
    halvings = [
        Overlap.total(Overlap.of(first, second) for first, second in halves)
        for halves in zip(*pairs, strict=True)
    ]
    directions = [value for one in halvings for value in (one.a_in_b, one.b_in_a)]
    return {
        "jaccard": _mean([one.jaccard for one in halvings]),
        "contained": _mean(directions),
        "largest_gap": _mean(
            np.max([usage.gaps_of_halves(layer) for layer in usage.layers], axis=0).tolist()
        ),
    }


def containment_matrix(usages: Sequence[FeatureUsage], min_share: float) -> list[list[float | None]]:
    """Over all layers: the share of the features of each data set (row) that each other one (column) uses too."""
    return [[Overlap.total(compare(a, b, min_share).values()).a_in_b for b in usages] for a in usages]


def overlap_dict(by_layer: Mapping[int, Overlap]) -> dict[str, Any]:
    """An overlap as JSON values: over all layers, and by layer."""
    return {
        "all": Overlap.total(by_layer.values()).to_dict(),
        "layers": {str(layer): one.to_dict() for layer, one in by_layer.items()},
    }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _rounded(statistics.fmean(known)) if known else None
