"""Feature cards of the bundled classifiers, counted on test rows: rates, histograms and tokens, no text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from scopesift_classifiers.classifier import Classifier
from scopesift_classifiers.feature_cards import make_cards, write_cards
from scopesift_classifiers.labelled_text import LabelledText
from scopesift_features.scope import Scope

from recipes.nano.bundled_classifiers import ROWS, toxicity_rows

MOST_A_LANGUAGE = 400
"""Of the languages that toxicity has rules for; English has all its test rows."""


def write_bundled_cards(scope: Scope, data: Path, out: Path, say: Callable[[str], None]) -> None:
    """Write `cards/NAME.json.gz` for every classifier of a scope folder.

    Args:
        scope: The nano scope.
        data: The folder that holds `toxicity/`, `language/` and `domain/`.
        out: The scope folder, with its classifiers as they will ship: cards carry their version.
        say: Receives a line a classifier.
    """
    for name, rows_of in ROWS.items():
        classifier = Classifier.load(out / "classifiers" / f"{name}.json")
        rows = rows_of(data, "test")
        for code in sorted(classifier.by_lang):
            own = toxicity_rows(data, code, "test")
            rows = joined(rows, own.select(range(min(len(own), MOST_A_LANGUAGE))))
        say(f"{name}: cards of {len(classifier.features)} features on {len(rows)} rows")
        write_cards(out / "cards" / f"{name}.json.gz", classifier, make_cards(classifier, scope, rows))


def joined(one: LabelledText, other: LabelledText) -> LabelledText:
    """The rows of both."""
    return replace(
        one,
        texts=[*one.texts, *other.texts],
        labels=[*one.labels, *other.labels],
        langs=[*one.langs, *other.langs],
        sources=[*one.sources, *other.sources],
    )
