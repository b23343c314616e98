"""Examples of features: the words they are strongest on, with the text around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scopesift_features.catalogue.table import is_bundled
from scopesift_features.reading.per_token import TokenReading, read_tokens
from scopesift_features.reading.torch_reader import TorchReader
from scopesift_features.scope import Scope

from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.judging.whole_word import whole_word
from scopesift_classifiers.measuring.feature_cards import selected_features
from scopesift_classifiers.overlaps.data_sets import DataSet
from scopesift_classifiers.overlaps.usage import read_features

SAMPLE = 2048
"""Documents of a data set among which examples are looked for, evenly spaced."""
MOST_EXAMPLES = 6
AROUND = 60
"""Characters shown on either side of the word."""

SIGNS = str.maketrans({" ": "␣", "\n": "↵", "\r": "␍", "\t": "⇥"})

Place = tuple[int, int]


@dataclass(frozen=True)
class Example:
    """A word on which a feature is strong, in a user's text.

    Attributes:
        row: Index of the row in its file, from 0.
        before: The text before the word, cut.
        word: The word.
        after: The text after it, cut.
        activation: The feature's activation on it.
    """

    row: int
    before: str
    word: str
    after: str
    activation: float

    @property
    def shown(self) -> str:
        """The word, with signs for white space if it is nothing else, as a last token may be."""
        return self.word if self.word.strip() else self.word.translate(SIGNS)

    def to_dict(self) -> dict[str, Any]:
        """The example as JSON values."""
        return {
            "row": self.row,
            "before": self.before,
            "word": self.word,
            "after": self.after,
            "activation": round(self.activation, 4),
        }


def find_examples(
    scope: Scope,
    data: DataSet,
    places: Sequence[Place],
    *,
    last_token: bool,
    cache: FeatureCache | None,
) -> dict[Place, list[Example]]:
    """The documents of a sample of a data set in which features are strongest, different ones only.

    Args:
        scope: The scope, with its norm bounds.
        data: The data set.
        places: Features, pairs (layer, index).
        last_token: Whether the last token of each document counts, instead of its strongest one.
        cache: Cache of document features; None: no cache.

    Returns:
        At most `MOST_EXAMPLES` of each feature, the strongest first; none of one that is rare.
    """
    if not places:
        return {}
    rows, texts = data.sample(SAMPLE)
    layers = sorted({layer for layer, _ in places})
    table = read_features(scope, texts, layers, last_token=last_token, cache=cache)
    picked = table.pick(columns_of(table, places))
    chosen: dict[Place, list[int]] = {}
    for column, place in enumerate(places):
        entries = slice(picked.indptr[column], picked.indptr[column + 1])
        documents, values = picked.indices[entries], picked.data[entries]
        order = documents[np.lexsort((documents, -values))].tolist()
        different: dict[str, int] = {}
        for document in order:
            if len(different) == MOST_EXAMPLES:
                break
            different.setdefault(texts[document], document)
        chosen[place] = list(different.values())
    wanted = sorted({document for documents in chosen.values() for document in documents})
    readings = read_tokens(
        TorchReader(scope, scope.selected(places)), [texts[document] for document in wanted]
    )
    reading_of = dict(zip(wanted, readings, strict=True))
    return {
        place: [
            _example(int(rows[at]), texts[at], reading_of[at], column, last_token=last_token)
            for at in chosen[place]
        ]
        for column, place in enumerate(places)
    }


def known_labels(scope: Scope) -> dict[Place, str]:
    """Names of features in the classifiers that are bundled with a scope; empty for a scope of one's own."""
    if not is_bundled(scope.id):
        return {}
    found: dict[Place, str] = {}
    for path in bundled_classifiers(scope.id).values():
        classifier = Classifier.load(path)
        if classifier.scope == scope.fingerprint:
            found |= {(item.layer, item.index): item.label for item in selected_features(classifier)}
    return found


def _example(row: int, text: str, reading: TokenReading, column: int, *, last_token: bool) -> Example:
    acts_T = reading.acts_TS[:, column]
    at = len(acts_T) - 1 if last_token else int(acts_T.argmax())
    start, end = whole_word(text, int(reading.starts_T[at]), int(reading.ends_T[at]))
    return Example(
        row,
        ("…" if start > AROUND else "") + text[max(start - AROUND, 0) : start],
        text[start:end],
        text[end : end + AROUND] + ("…" if end + AROUND < len(text) else ""),
        float(acts_T[at]),
    )
