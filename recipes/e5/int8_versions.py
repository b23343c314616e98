"""Versions of the bundled classifiers that read e5 in int8: the same features, weights and cuts, measured on it.

Classifiers that are fitted on int8 (`int8_classifiers`) are no better, and give more texts another label than those in
float32 do (`python -m bench int8`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.assessment import full_assessment
from scopesift_features.catalogue.settings import INT8
from scopesift_features.scope import Scope

from recipes.e5.rows import ROWS, toxicity_languages, toxicity_rows

TOXICITY = "toxicity"


def in_int8(classifier: Classifier, whole: Scope) -> Classifier:
    """A classifier whose features are read in int8 from now on, without the quality that it has in float32.

    Args:
        classifier: Fitted on the scope in float32.
        whole: The scope in int8.
    """
    fit = {**classifier.fit, "moved_to_int8": {"version": classifier.version}}
    return replace(classifier, scope=whole.fingerprint, settings=whole.settings, fit=fit, quality={})


def write_int8_versions(scope: Scope, data: Path, folder: Path, say: Callable[[str], None]) -> None:
    """Write the versions in int8 of the bundled classifiers, measured on the same test rows.

    Args:
        scope: e5 on the CPU.
        data: See `fit_bundled`.
        folder: Holds the classifiers in float32; their versions in int8 go to its subfolder `int8`.
        say: Called with one line per measurement.
    """
    whole = scope.in_int8()
    moved = {name: in_int8(Classifier.load(folder / f"{name}.json"), whole) for name in ROWS}
    for name, unmeasured in moved.items():
        classifier = unmeasured
        for measured, rows in _test_rows(name, data).items():
            found = full_assessment(classifier, whole, rows, language=moved[LANGUAGE]).measured
            classifier = classifier.with_quality(measured, found)
            say(f"{name} in int8, {measured}: macro-F1 {found['macro_f1']:.4f} on {len(rows)} rows")
        classifier.save(folder / INT8 / f"{name}.json")


def _test_rows(name: str, data: Path) -> dict[str, LabelledText]:
    """Test rows by the name of the measurement."""
    rows = {"test": ROWS[name](data, "test")}
    if name == TOXICITY:
        rows |= {f"own rule {code}": toxicity_rows(data, code, "test") for code in toxicity_languages(data)}
    return rows
