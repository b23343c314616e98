"""The classifiers that a service starts with, before the state folder names other versions of them."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_classifiers.artifact.classifier import Classifier, bundled_classifiers
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError


def load_classifiers(scope: Scope, names: Sequence[str]) -> list[Classifier]:
    """The named classifiers, or those that come with the scope.

    Raises:
        UsageError: None named for a scope that has none bundled.
    """
    chosen = names or list(bundled_classifiers(scope.id))
    if not chosen:
        raise UsageError(
            f"scope {scope.id!r} has no bundled classifiers; name artifact files in SCOPESIFT_CLASSIFIERS"
        )
    return [Classifier.load(name, scope.id) for name in chosen]
