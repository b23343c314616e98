"""Rules of single languages need a language classifier that chooses between them."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_classifiers.classifier import Classifier, bundled_classifiers
from scopesift_classifiers.engine import LANGUAGE


def unrouted(classifiers: Sequence[Classifier]) -> list[Classifier]:
    """Those with rules for single languages that nothing chooses: no classifier called "language" is among them."""
    if any(one.name == LANGUAGE for one in classifiers):
        return []
    return [one for one in classifiers if one.by_lang]


def with_language(classifiers: Sequence[Classifier]) -> list[Classifier]:
    """The classifiers, and behind them their scope's bundled language classifier if they need it and it fits."""
    loaded, routed = list(classifiers), unrouted(classifiers)
    scope_id = routed[0].scope.get("id", "") if routed else ""
    if LANGUAGE in bundled_classifiers(scope_id):
        language = Classifier.load(LANGUAGE, scope_id)
        if language.scope.get("sha256") == routed[0].scope.get("sha256"):
            loaded.append(language)
    return loaded
