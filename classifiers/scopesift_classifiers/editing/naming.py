"""Gives a feature the name by which people know it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace

from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import RuleFeature

LONGEST_NAME = 80
JOINERS = "\u200c\u200d"
"""Written inside words of Persian and of Indian languages, and inside emoji."""
Place = tuple[int, int]


def with_given_name(classifier: Classifier, place: Place, name: str) -> Classifier:
    """The classifier with a feature named in all of its decisions; verdicts are the same, the version is another.

    Args:
        classifier: The classifier.
        place: (layer, index) of the feature.
        name: One line of at most `LONGEST_NAME` characters; "": the name is taken away.

    Raises:
        UsageError: No decision reads the feature, it has that name already, or it can't be a name.
    """
    require_read(classifier, place)
    bad = next(
        (letter for letter in name if unicodedata.category(letter)[0] == "C" and letter not in JOINERS), None
    )
    if bad is not None or name != name.strip() or len(name) > LONGEST_NAME:
        raise UsageError(
            f"a name is one line of at most {LONGEST_NAME} characters without control characters and without blanks "
            "around it"
        )

    def named(item: RuleFeature) -> RuleFeature:
        return replace(item, given_name=name) if (item.layer, item.index) == place else item

    made = with_decisions(
        classifier, lambda one: replace(one, features=tuple(named(item) for item in one.features))
    )
    if made.version == classifier.version:
        called = f"is called {name!r} already" if name else "has no given name"
        raise UsageError(f"feature {spelled(place)} {called}; nothing would change")
    return made


def require_read(classifier: Classifier, place: Place) -> None:
    """Check that a feature is one of the classifier's.

    Raises:
        UsageError: No decision reads it.
    """
    if place not in classifier.features:
        raise UsageError(f"{classifier.name} reads no feature {spelled(place)}; see its list of features")


def spelled(place: Place) -> str:
    """A feature as people write it: LAYER:INDEX."""
    return f"{place[0]}:{place[1]}"


def with_decisions(classifier: Classifier, change: Callable[[Decision], Decision]) -> Classifier:
    """The classifier with every decision changed."""
    by_lang = {lang: change(decision) for lang, decision in classifier.by_lang.items()}
    return replace(classifier, default=change(classifier.default), by_lang=by_lang)
