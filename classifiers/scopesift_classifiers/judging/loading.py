"""The classifiers of an engine: named ones, or all that are bundled with a scope; the scope in their precision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scopesift_features.catalogue.settings import INT8
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.bundled import bundled_classifiers, int8_version, named_classifiers
from scopesift_classifiers.artifact.classifier import Classifier


def load_classifiers(names: Sequence[str | Path], scope_id: str) -> list[Classifier]:
    """Load classifiers for one scope.

    Args:
        names: Bundled names or artifact files; empty: all that are bundled with the scope.
        scope_id: The scope.

    Raises:
        UsageError: No such classifier, two that are called the same, or no names given for a scope without bundled
            classifiers.
        InputError: Not an artifact.
    """
    chosen = names or list(bundled_classifiers(scope_id))
    if not chosen:
        raise UsageError(
            f"scope {scope_id!r} has no bundled classifiers; `scopesift fit` one and name its file (with "
            "--classifier; in SCOPESIFT_CLASSIFIERS for the service)"
        )
    loaded = [Classifier.load(name, scope_id) for name in chosen]
    for name, count in Counter(one.name for one in loaded).items():
        if count > 1:
            raise UsageError(f"{count} classifiers are called {name!r}; name one of them")
    return loaded


def in_precision_of(classifiers: Sequence[Classifier], scope: Scope) -> Scope:
    """The scope in int8 if that is what the classifiers read in, else the scope itself.

    Raises:
        UsageError: Some read in int8 and others not, or the scope can't be read in int8 on its device.
    """
    whole = [one.name for one in classifiers if one.settings.dtype == INT8]
    others = [one for one in classifiers if one.settings.dtype != INT8]
    if whole and others:
        known = named_classifiers(scope.id)
        bundled = [name for one in others if (name := int8_version(one.name)) in known]
        take = f"take {', '.join(bundled)}, " if bundled else ""
        raise UsageError(
            f"{', '.join(whole)} in int8 and {', '.join(one.name for one in others)} in {others[0].settings.dtype} "
            f"can't share a reading; {take}fit your own with "
            "`scopesift fit --int8`, or use them in separate calls"
        )
    return scope.in_int8() if whole else scope
