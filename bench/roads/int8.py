"""`python -m bench int8`: the bundled classifiers in float32 and in int8 on the same test rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scopesift_classifiers.artifact.bundled import bundled_classifiers, int8_version
from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.fitting.fit import read_table
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.forms import TextForms
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.metrics import BinaryMetrics, ManyClassMetrics
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.scope import Scope

from bench.markdown import markdown
from bench.results_file import StoredRows
from recipes.e5.rows import ENGLISH, ROWS, toxicity_languages, toxicity_rows

TOXICITY = "toxicity"
BUNDLED, SAME, FITTED = "float32", "int8, same weights", "int8, fitted on it"
"""The bundled classifiers, their versions in int8, and others that were fitted on int8."""


def run(data: Path, classifiers: Path | None, most: int, out: Path | None = None) -> None:
    """Measure them on the same rows; write JSON and print a table. Resumes: tables that are there are kept.

    Args:
        data: Folder with the rows of the bundled classifiers.
        classifiers: Folder of `recipes.e5.int8_classifiers`; None: only those that are bundled.
        most: Maximum rows of a table, evenly spaced.
        out: Folder for the JSON; None: `bench/results/`.
    """
    scope = Scope.load(DEFAULT_SCOPE, device="cpu")
    whole = scope.in_int8()
    names = list(bundled_classifiers())
    bundled = [Classifier.load(name) for name in names]
    moved = [Classifier.load(int8_version(name)) for name in names]
    files = [classifiers / f"{name}.json" for name in names] if classifiers is not None else []
    fitted = [Classifier.load(path) for path in files if path.is_file()]
    engines = {BUNDLED: Engine(scope, bundled), SAME: Engine(whole, moved)}
    if fitted:
        engines[FITTED] = Engine(whole, fitted)
    versions = {kind: engine.versions for kind, engine in engines.items()}
    stored = StoredRows("int8", out, measured_on={"versions": versions, "most_rows": most})
    for name, shown, rows in _tables(data, names):
        if shown in stored:
            continue
        rows = rows.select(np.arange(0, len(rows), -(-len(rows) // most)))
        labels = {
            kind: _labels(engine, name, rows)
            for kind, engine in engines.items()
            if name in engine.classifiers
        }
        row = {"rows": len(rows)} | {
            kind: {
                **_measured(engines[kind].classifiers[name], rows, own),
                "other_labels": sum(one != other for one, other in zip(labels[BUNDLED], own, strict=True)),
            }
            for kind, own in labels.items()
        }
        stored.put(shown, row)
        print(f"{shown}: {row}", flush=True)
    print(f"{table(stored.result())}\n\nwritten: {stored.path}")


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    rows = []
    for name, own in result["rows"].items():
        before = own[BUNDLED]["macro_f1"]
        cells = [name, f"{own['rows']:,}", f"{before:.4f}"]
        for kind in (SAME, FITTED):
            if kind not in own:
                cells += ["", ""]
                continue
            measured = own[kind]
            cells += [
                f"{measured['macro_f1']:.4f} ({measured['macro_f1'] - before:+.4f})",
                f"{measured['other_labels'] / own['rows']:.1%}",
            ]
        rows.append(cells)
    header = ["macro-F1 on test rows of", "rows", BUNDLED, SAME, "other labels", FITTED, "other labels"]
    return markdown(header, rows)


def _tables(data: Path, names: Sequence[str]) -> Iterator[tuple[str, str, LabelledText]]:
    """Classifier, name in the table, and test rows; each language of toxicity has rows of its own."""
    for name in names:
        yield name, f"{name}, {ENGLISH}" if name == TOXICITY else name, ROWS[name](data, "test")
    for code in toxicity_languages(data):
        yield TOXICITY, f"{TOXICITY}, {code}", toxicity_rows(data, code, "test")


def _labels(engine: Engine, name: str, rows: LabelledText) -> list[str]:
    """Label of each row by one classifier; texts are read through the user's feature cache."""
    forms = TextForms.of(rows.texts, [engine.classifiers[name]])
    table = read_table(engine.scope, forms.texts, cache=FeatureCache.default())
    columns = columns_of(table, [(feature.layer, feature.index) for feature in engine.features])
    return engine.answers(table.dense(columns), forms)[name].label_N


def _measured(classifier: Classifier, rows: LabelledText, predicted: list[str]) -> dict[str, float]:
    found: BinaryMetrics | ManyClassMetrics
    if classifier.kind == BINARY:
        (positive,) = classifier.labels
        truth = [label == positive for label in rows.labels]
        found = BinaryMetrics.of(truth, [label == positive for label in predicted])
    else:
        found = ManyClassMetrics.of(rows.labels, predicted)
    return {"macro_f1": found.macro_f1, "accuracy": found.accuracy}
