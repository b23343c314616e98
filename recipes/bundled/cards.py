"""Feature cards of the bundled classifiers, counted on test rows: rates, histograms and tokens, no text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows
from scopesift_classifiers.measuring.feature_cards import make_cards, write_cards
from scopesift_features.scope import Scope

MOST_A_LANGUAGE = 400
"""Maximum test rows per language with a decision of its own; English has no limit."""


def write_bundled_cards(
    scope: Scope,
    out: Path,
    test_rows: Mapping[str, Callable[[], LabelledText]],
    say: Callable[[str], None],
    language_rows: Callable[[str], LabelledText] | None = None,
) -> None:
    """Write `cards/NAME.json.gz` for every classifier of a scope folder.

    Args:
        scope: The scope of the classifiers.
        out: The scope folder with its final classifiers, whose version is part of the cards.
        test_rows: Test rows by classifier.
        say: Called with one line per classifier.
        language_rows: Test rows of a language with its own decision; None: no classifier has one.
    """
    for name, rows_of in test_rows.items():
        classifier = Classifier.load(out / "classifiers" / f"{name}.json")
        rows = rows_of()
        if language_rows is not None:
            for code in sorted(set(classifier.by_lang) - set(rows.langs)):
                own = language_rows(code)
                rows = join_rows([rows, own.select(range(min(len(own), MOST_A_LANGUAGE)))])
        say(f"{name}: cards of {len(classifier.features)} features on {len(rows)} rows")
        write_cards(out / "cards" / f"{name}.json.gz", classifier, make_cards(classifier, scope, rows))
