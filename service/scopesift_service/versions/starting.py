"""The initial classifiers of a service, before versions of the state folder are applied."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_classifiers.artifact.classifier import Classifier, bundled_classifiers
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError


def load_classifiers(scope: Scope, names: Sequence[str]) -> list[Classifier]:
    """The named classifiers, or the scope's bundled ones.

    Raises:
        UsageError: No names given for a scope without bundled classifiers.
    """
    chosen = names or list(bundled_classifiers(scope.id))
    if not chosen:
        raise UsageError(
            f"scope {scope.id!r} has no bundled classifiers; name artifact files in SCOPESIFT_CLASSIFIERS"
        )
    return [Classifier.load(name, scope.id) for name in chosen]
