"""The classifiers of an engine: named ones, or all that are bundled with a scope; the scope in their precision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scopesift_features.catalogue.settings import INT8
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.bundled import bundled_classifiers, int8_version
from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier


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


def in_precision_of(classifiers: Sequence[Classifier], scope: Scope) -> Scope:
    """The scope in int8 if that is what the classifiers read in, else the scope itself.

    Raises:
        UsageError: Some read in int8 and others not, or the scope can't be read in int8 on its device.
    """
    whole = [one.name for one in classifiers if one.settings.dtype == INT8]
    others = [one.name for one in classifiers if one.settings.dtype != INT8]
    if whole and others:
        raise UsageError(
            f"{', '.join(whole)} in int8 and {', '.join(others)} in float32 can't share a reading; of bundled "
            f"ones take the versions in int8 (such as {int8_version(LANGUAGE)}), fit your own with "
            "`scopesift fit --int8`, or use them in separate calls"
        )
    return scope.in_int8() if whole else scope
