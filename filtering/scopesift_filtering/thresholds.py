"""Thresholds per language, from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scopesift_classifiers.artifact.classifier import BINARY, DEFAULT, LANGUAGE, Classifier
from scopesift_files.errors import UsageError

Thresholds = Mapping[str, Mapping[str, float]]
EXAMPLE = "{toxicity: {default: 0.5, fr: 0.35}}"


def read_thresholds(path: Path, classifiers: Sequence[Classifier]) -> Thresholds:
    """Read score column -> language -> the score from which on a row is dropped.

    Args:
        path: YAML such as `toxicity: {default: 0.5, fr: 0.35}`.
        classifiers: those of the run; thresholds per language need one called `language`.

    Raises:
        UsageError: not a file, not of that form, or an unknown column or language.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UsageError(
            f"{path}: expected YAML such as {EXAMPLE}, but it cannot be read ({' '.join(str(error).split())})"
        ) from None
    if not isinstance(content, dict) or not content:
        raise UsageError(f"{path}: expected {EXAMPLE}, got {type(content).__name__}")
    scores = [one.name for one in classifiers if one.kind == BINARY]
    language = next((one for one in classifiers if one.name == LANGUAGE), None)
    out: dict[str, dict[str, float]] = {}
    for column, value in content.items():
        if column not in scores:
            raise UsageError(f"{path}: no score called {column!r}; there are {', '.join(scores) or 'none'}")
        if not isinstance(value, dict) or DEFAULT not in value:
            raise UsageError(f"{path}: {column} needs a default and languages, such as {EXAMPLE}")
        out[column] = {}
        for code, cut in value.items():
            # YAML reads a bare `no` as false, and it is also Norwegian
            code = "no" if code is False else code
            if type(cut) not in (int, float) or not 0 <= cut <= 1:
                raise UsageError(f"{path}: {column}.{code} is {cut!r}, expected a number from 0 to 1")
            known = [] if language is None else [*language.labels, language.unknown]
            if code != DEFAULT and code not in known:
                there = ", ".join(known) or "none: no classifier called language is loaded"
                raise UsageError(f"{path}: {column}.{code}: no such language; there are {there}")
            out[column][str(code)] = float(cut)
    return out
