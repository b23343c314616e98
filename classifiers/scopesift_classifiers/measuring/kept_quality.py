"""What of a classifier's measured quality still holds after some of its decisions have changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from scopesift_classifiers.artifact.classifier import DEFAULT
from scopesift_classifiers.measuring.evaluation import UNKNOWN


def quality_of_the_rest(
    quality: Mapping[str, Any], langs: Collection[str], changed: Collection[str]
) -> dict[str, Any]:
    """Measured quality without measurements of several decisions.

    If the default one is among them, only measurements of languages whose own decision stays are kept.

    Args:
        quality: Metrics by the name of the data, see `evaluation`.
        langs: The languages that have decisions of their own.
        changed: Names of the decisions: "default" or languages.
    """
    kept: dict[str, Any] = dict(quality)
    for rule in changed:
        if rule != DEFAULT:
            kept = quality_without(kept, rule)
    if DEFAULT not in changed:
        return kept
    own = set(langs) - set(changed)
    return {data: measured for data, measured in kept.items() if _only_of(measured, own)}


def quality_without(quality: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """A classifier's measured quality without measurements of one language's decision.

    Of data in several languages the other languages remain; data with unknown languages is kept with a note.

    Args:
        quality: Metrics by the name of the data, see `evaluation`.
        lang: The language whose decision is replaced.
    """
    kept: dict[str, Any] = {}
    for data, measured in quality.items():
        by_lang = measured.get("by_lang", {})
        if lang in by_lang:
            kept |= {
                f"{data}, {other}": part for other, part in by_lang.items() if other not in (lang, UNKNOWN)
            }
        elif not by_lang or UNKNOWN in by_lang:
            note = f"measured before the rule for {lang}; the languages of its texts are not all known"
            kept[data] = {**measured, "note": note}
        else:
            kept[data] = measured
    return kept


def _only_of(measured: Mapping[str, Any], langs: Collection[str]) -> bool:
    """Whether a measurement is of these languages alone."""
    found = set(measured.get("by_lang", {}))
    return bool(found) and UNKNOWN not in found and found <= set(langs)
