"""The features that make the difference: used by one data set and not by another, with examples from its texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from scopesift_classifiers.overlaps.examples import Example, Place
from scopesift_classifiers.overlaps.usage import FeatureUsage

WORDS = 3


@dataclass(frozen=True)
class Difference:
    """A feature that one data set uses and another doesn't.

    Attributes:
        layer, feature: Layer and index.
        share: Share of the documents in which it is active, in the data set that uses it.
        other_share: The same in the other data set, below the minimum share.
        words: Words of the data set that it is strongest on.
        label: Its name in a classifier that is bundled with the scope, which other texts gave it; may be empty.
        examples: Places in documents of the data set that uses it, the strongest first.
    """

    layer: int
    feature: int
    share: float
    other_share: float
    words: str = ""
    label: str = ""
    examples: tuple[Example, ...] = ()

    @property
    def place(self) -> Place:
        """(layer, index)."""
        return self.layer, self.feature

    def to_dict(self) -> dict[str, Any]:
        """The difference as JSON values."""
        return {
            "layer": self.layer,
            "feature": self.feature,
            "share": round(self.share, 4),
            "other_share": round(self.other_share, 4),
            "words": self.words,
            "label": self.label,
            "examples": [example.to_dict() for example in self.examples],
        }


def find_differences(
    usages: Sequence[FeatureUsage], min_share: float, most: int
) -> dict[tuple[int, int], list[Difference]]:
    """For every ordered pair of data sets the features that the first uses and the second doesn't.

    Args:
        usages: The data sets.
        min_share: Minimum share of documents.
        most: Features of a pair: those with the largest difference of the shares.

    Returns:
        (index of the one that uses them, index of the other) -> features without labels and examples.
    """
    return {
        (a, b): _only_in(usages[a], usages[b], min_share, most)
        for a, b in permutations(range(len(usages)), 2)
    }


def described(
    found: Sequence[Difference],
    labels: Mapping[Place, str],
    examples: Mapping[Place, Sequence[Example]],
    most: int,
) -> list[Difference]:
    """The same with words, labels, and at most `most` examples each."""
    return [
        Difference(
            one.layer,
            one.feature,
            one.share,
            one.other_share,
            words_of(examples.get(one.place, ())),
            labels.get(one.place, ""),
            tuple(examples.get(one.place, ())[:most]),
        )
        for one in found
    ]


def words_of(examples: Sequence[Example]) -> str:
    """The distinct words of some examples, the most frequent first, as in "dozen · eggs"."""
    words = [example.shown.strip().lower() for example in examples]
    distinct = sorted(set(filter(None, words)), key=lambda word: (-words.count(word), words.index(word)))
    return " · ".join(distinct[:WORDS])


def _only_in(a: FeatureUsage, b: FeatureUsage, min_share: float, most: int) -> list[Difference]:
    found: list[Difference] = []
    for layer in a.layers:
        only_F = a.used(layer, min_share) & ~b.used(layer, min_share)
        gap_F = a.counts[layer] / a.rows - b.counts[layer] / b.rows
        features = np.flatnonzero(only_F)
        for feature in features[np.argsort(-gap_F[features], kind="stable")[:most]].tolist():
            found.append(Difference(layer, feature, a.share(layer, feature), b.share(layer, feature)))
    return sorted(found, key=lambda one: (one.other_share - one.share, one.place))[:most]
