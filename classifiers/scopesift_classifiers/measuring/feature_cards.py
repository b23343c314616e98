"""Feature cards: statistics of a selected feature for people.

A card has rates, a histogram and single tokens, but no sentences, so that it can be distributed.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.catalogue.table import bundled_folder, is_bundled
from scopesift_features.reading.selected_reading import SelectedReading
from scopesift_features.scope import Scope
from scopesift_files.atomic import write_atomically
from scopesift_files.errors import InputError

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.rule import RuleFeature, firing
from scopesift_classifiers.labelled_rows.rows import LabelledText

BINS = 10
MOST_TOKENS = 6
LEAST_DOCUMENTS = 2  # tokens of a single document are not informative
SMALLEST_SHARE = 0.005  # smaller shares are left out, to keep cards small


@dataclass(frozen=True)
class FeatureCard:
    """One feature on one set of texts.

    Attributes:
        layer, feature: Layer and index.
        label: Its name in the artifact.
        threshold: The activation from which on it fires.
        rates: Class -> share of its documents on which the feature fires; classes below .005 are left out.
        by_lang: The same per language.
        edges: Bin edges of the histogram, `[B + 1]`.
        counts: Documents per bin, `[B]`, by their largest activation; without inactive documents.
        tokens: Tokens with the largest activation of firing documents, and their share of these documents.
    """

    layer: int
    feature: int
    label: str
    threshold: float
    rates: dict[str, float]
    by_lang: dict[str, float]
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    tokens: tuple[tuple[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON values; docs/report.md describes the keys."""
        return {
            "layer": self.layer,
            "feature": self.feature,
            "label": self.label,
            "threshold": self.threshold,
            "rates": self.rates,
            "by_lang": self.by_lang,
            "histogram": {"edges": list(self.edges), "counts": list(self.counts)},
            "tokens": [list(pair) for pair in self.tokens],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> FeatureCard:
        """Read what `to_dict` gave.

        Raises:
            InputError: A key is missing or has another type.
        """
        try:
            return cls(
                layer=int(value["layer"]),
                feature=int(value["feature"]),
                label=str(value["label"]),
                threshold=float(value["threshold"]),
                rates={str(name): float(share) for name, share in value["rates"].items()},
                by_lang={str(name): float(share) for name, share in value["by_lang"].items()},
                edges=tuple(float(edge) for edge in value["histogram"]["edges"]),
                counts=tuple(int(count) for count in value["histogram"]["counts"]),
                tokens=tuple((str(token), float(share)) for token, share in value["tokens"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"expected a feature card, got something else ({error!r}); make them again"
            ) from None


def make_cards(
    classifier: Classifier,
    scope: Scope,
    data: LabelledText,
    *,
    reading: SelectedReading | None = None,
) -> list[FeatureCard]:
    """A card for every feature of a classifier's decisions.

    Args:
        classifier: Has the features, their thresholds and labels.
        scope: Its scope.
        data: Labelled texts to count on, preferably not those of the fit.
        reading: Result of `read_selected` for `classifier.as_read(data.texts)` and its features, if available.

    Returns:
        Cards in the order of `classifier.features`.
    """
    texts = classifier.as_read(data.texts)
    if reading is None:
        from scopesift_features.reading.torch_reader import read_selected

        reading = read_selected(scope, texts, classifier.features)
    classes = _groups(data.labels)
    # if the labels are the languages, shares by language would be duplicates
    languages = _groups(data.langs) if any(data.langs) and data.langs != data.labels else {}
    cards = []
    for column, item in enumerate(selected_features(classifier)):
        acts_N = reading.acts_NS[:, column]
        fires_N = firing(acts_N, item.threshold)
        edges, counts = _histogram(acts_N[acts_N > 0])
        cards.append(
            FeatureCard(
                layer=item.layer,
                feature=item.index,
                label=item.label,
                threshold=item.threshold,
                rates=_shares(fires_N, classes),
                by_lang=_shares(fires_N, languages),
                edges=edges,
                counts=counts,
                tokens=_tokens(texts, reading, column, fires_N),
            )
        )
    return cards


def selected_features(classifier: Classifier) -> list[RuleFeature]:
    """One entry for each of `classifier.features`: the default one, or the lowest threshold of a language."""
    found: dict[tuple[int, int], RuleFeature] = {}
    for decision in classifier.by_lang.values():
        for item in decision.features:
            known = found.get((item.layer, item.index))
            if known is None or item.threshold < known.threshold:
                found[item.layer, item.index] = item
    found |= {(item.layer, item.index): item for item in classifier.default.features}
    return [found[place] for place in classifier.features]


def write_cards(path: Path, classifier: Classifier, cards: Sequence[FeatureCard]) -> None:
    """Write cards atomically, one per line, gzipped if the name ends in .gz."""
    lines = ",\n".join(
        json.dumps(card.to_dict(), ensure_ascii=False, separators=(",", ":")) for card in cards
    )
    head = json.dumps({"classifier": classifier.name, "version": classifier.version})
    text = f'{head[:-1]}, "cards": [\n{lines}\n]}}\n'
    content = text.encode("utf-8", "replace")
    packed = gzip.compress(content, mtime=0) if path.suffix == ".gz" else content  # deterministic bytes
    write_atomically(path, lambda temporary: temporary.write_bytes(packed))


def bundled_cards(classifier: Classifier) -> dict[tuple[int, int], FeatureCard]:
    """The cards of a bundled classifier, by (layer, feature), as far as they hold for this version of it.

    For another version those of features with the bundled one's thresholds hold, if it reads texts in the same way.
    Labels are the artifact's, which may have been edited.

    Raises:
        InputError: The file of cards is damaged.
    """
    scope_id = classifier.scope.get("id", "")
    if not is_bundled(scope_id):
        return {}
    path = bundled_folder(scope_id) / "cards" / f"{classifier.name}.json.gz"
    if not path.is_file():
        return {}
    return read_cards(path, classifier) or _still_true(
        path, classifier, Classifier.load(classifier.name, scope_id)
    )


def _still_true(
    path: Path, classifier: Classifier, bundled: Classifier
) -> dict[tuple[int, int], FeatureCard]:
    """Cards of the bundled version that hold for another version of it."""

    def reading(one: Classifier) -> tuple[Any, ...]:
        return one.scope, one.settings, one.norm_bounds, one.restore

    if reading(classifier) != reading(bundled):
        return {}
    own = {(item.layer, item.index): item for item in selected_features(classifier)}
    return {
        place: replace(card, label=own[place].label)
        for place, card in read_cards(path, bundled).items()
        if place in own and own[place].threshold == card.threshold
    }


def read_cards(path: Path, classifier: Classifier) -> dict[tuple[int, int], FeatureCard]:
    """Cards of a file by (layer, feature), with the artifact's labels; empty if they are of another version.

    Raises:
        InputError: The file is damaged.
    """
    try:
        packed = path.read_bytes()
        content = json.loads(gzip.decompress(packed) if path.suffix == ".gz" else packed)
        version, stored = content["version"], list(content["cards"])
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} holds no feature cards ({error}); make them again") from None
    if version != classifier.version:
        return {}
    names = {(item.layer, item.index): item.label for item in selected_features(classifier)}
    cards = {(card.layer, card.feature): card for card in map(FeatureCard.from_dict, stored)}
    return {place: replace(card, label=names.get(place, card.label)) for place, card in cards.items()}


def _groups(values: Sequence[str | None]) -> dict[str, NDArray[np.bool_]]:
    own = np.array([value or "" for value in values], dtype=str)
    return {name: own == name for name in sorted(set(own.tolist())) if name}


def _shares(fires_N: NDArray[np.bool_], groups: Mapping[str, NDArray[np.bool_]]) -> dict[str, float]:
    shares = {name: float(fires_N[rows_N].mean()) for name, rows_N in groups.items()}
    return {name: round(share, 3) for name, share in shares.items() if share >= SMALLEST_SHARE}


def _histogram(active: NDArray[np.float32]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    if not active.size:
        return (0.0, 1.0), (0,)
    counts, edges = np.histogram(active.astype(np.float64), bins=BINS, range=(0.0, float(active.max())))
    return tuple(float(f"{edge:.3g}") for edge in edges), tuple(counts.tolist())


def _tokens(
    texts: Sequence[str], reading: SelectedReading, column: int, fires_N: NDArray[np.bool_]
) -> tuple[tuple[str, float], ...]:
    rows = np.flatnonzero(fires_N)
    strongest = Counter(
        texts[row][slice(*reading.span(row, column))].strip().lower() for row in rows.tolist()
    )
    return tuple(
        (token, round(count / len(rows), 3))
        for token, count in strongest.most_common(MOST_TOKENS)
        if token and count >= LEAST_DOCUMENTS
    )
