"""The classifiers of an engine: named ones, or all that are bundled with a scope."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import Classifier, bundled_classifiers


def load_classifiers(names: Sequence[str | Path], scope_id: str) -> list[Classifier]:
    """Load classifiers for one scope.

    Args:
        names: Bundled names or artifact files; empty: all that are bundled with the scope.
        scope_id: The scope.

    Raises:
        UsageError: No such classifier, or no names given for a scope without bundled classifiers.
        InputError: Not an artifact.
    """
    chosen = names or list(bundled_classifiers(scope_id))
    if not chosen:
        raise UsageError(
            f"scope {scope_id!r} has no bundled classifiers; `scopesift fit` one and name its file"
        )
    return [Classifier.load(name, scope_id) for name in chosen]
