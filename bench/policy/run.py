"""`python -m bench policy`: 21 policy topics in eight languages, on the test rows of TextClass-Benchmark.

Fitted on labels of all languages, of the language only, and of the seven others only; the published LLMs are used
without labels.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scopesift_classifiers.artifact.classifier import MANY, Classifier
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.settings import AUTO, LINEAR_FIT
from scopesift_classifiers.labelled_rows.rows import join_rows
from scopesift_classifiers.measuring.discriminant import discriminant
from scopesift_classifiers.transfer.many_labels import choose_many, many_decision, try_many
from scopesift_classifiers.transfer.transfer import TransferSettings
from scopesift_features.scope import Scope

from bench.policy import tables
from bench.policy.rows import policy_rows, some_of_each_label, with_labels_of
from bench.policy.words import character_ridge
from bench.results_file import StoredRows
from bench.trials.answers import weighted_f1
from bench.trials.parts import Part, join, read_parts
from bench.trials.published import Published
from bench.trials.systems import System, dense, fit_preset, of_decision, preset
from scopesift.terminal.streams import reading, say

NAME = "policy"
LANGUAGES = ("da", "en", "es", "fr", "hu", "it", "nl", "pt")
MOST_ROWS = 1500
FEWER = (125, 250, 500, 1000)
"""Train rows per language, for the learning curve."""
SYSTEMS: dict[str, System] = {
    "scopesift": preset(AUTO),
    "lda": dense(discriminant),
    "tfidf": character_ridge,
}

Parts = dict[str, dict[str, Part]]


class Cell(NamedTuple):
    """One fit of every system.

    Attributes:
        name: Its key in the result.
        fitted_on: Languages whose train and dev rows are used.
        asked: Languages whose test rows are measured.
        most: Maximum train rows per language; None: all.
        moved_by: Language by whose train and dev rows the linear fit is then moved; None: it stays as it is.
    """

    name: str
    fitted_on: tuple[str, ...]
    asked: tuple[str, ...]
    most: int | None = None
    moved_by: str | None = None


def cells() -> list[Cell]:
    """All fits."""
    found = [Cell("all", LANGUAGES, LANGUAGES)]
    for lang in LANGUAGES:
        others = tuple(other for other in LANGUAGES if other != lang)
        found += [Cell(f"own {lang}", (lang,), (lang,)), Cell(f"without {lang}", others, (lang,))]
    found += [Cell(f"rows {most}", LANGUAGES, LANGUAGES, most) for most in FEWER]
    return found + [Cell(f"moved {lang}", LANGUAGES, (lang,), moved_by=lang) for lang in LANGUAGES]


def run(data: Path, scope: str = "e5", most: int = MOST_ROWS, out: Path | None = None) -> None:
    """Measure the missing cells, write JSON, print the tables.

    Args:
        data: The folder that holds `policy/<lang>.jsonl.gz` and `policy/published.json`.
        scope: The scope.
        most: Maximum train rows per language.
        out: Folder for the JSON; None: `bench/results/`.

    Raises:
        BenchError: A file is missing, or there are results of another scope or other rows.
    """
    published = Published.read(data / NAME / "published.json", "f1_weighted")
    rows = {lang: policy_rows(data, lang, most) for lang in LANGUAGES}
    every = [own for splits in rows.values() for own in splits.values()]
    loaded = Scope.load(scope)
    stored = StoredRows(
        NAME,
        out,
        measured_on={
            "scope": loaded.fingerprint,
            "rows": join_rows(every).fingerprint(),
            "sizes": {lang: {split: len(own) for split, own in rows[lang].items()} for lang in LANGUAGES},
            "published": {"source": published.source, "languages": published.summary(())},
        },
    )
    missing = [cell for cell in cells() if cell.name not in stored]
    if missing:
        with reading("reading") as progress:
            read = iter(read_parts(loaded, every, cache=FeatureCache.default(), on_progress=progress))
        parts = {lang: {split: next(read) for split in splits} for lang, splits in rows.items()}
        pooled = cache(lambda: pooled_classifier(loaded, parts))
        for cell in missing:
            measured = measure(cell, parts) if cell.moved_by is None else measure_moved(cell, parts, pooled())
            stored.put(cell.name, measured)
            say(tables.one_line(stored.result(), cell.name))
    print(tables.everything(stored.result()))
    say(f"wrote {stored.path}")


def pooled_classifier(scope: Scope, parts: Parts) -> Classifier:
    """The linear fit on the labels of all languages, as a classifier to transfer."""
    train, dev = (join([parts[lang][split] for lang in LANGUAGES]) for split in ("train", "dev"))
    dev = dev.take(with_labels_of(dev.rows, train.rows))
    train = train.take(with_labels_of(train.rows, train.rows))
    say("fitting on the labels of all languages, for transfers")
    decision, details = fit_preset(LINEAR_FIT, train, dev)
    return Classifier(
        name=NAME,
        kind=MANY,
        unknown="other",
        scope=scope.fingerprint,
        settings=scope.settings,
        default=decision,
        fit=details,
    )


def measure_moved(cell: Cell, parts: Parts, pooled: Classifier) -> dict[str, Any]:
    """As `measure`, of a transfer of the pooled classifier with all labels of a language."""
    own = parts[cell.moved_by or ""]
    few = join([own["train"], own["dev"]])
    few = few.take(with_labels_of(few.rows, few.rows))
    few = few.take(np.flatnonzero([label in pooled.labels for label in few.rows.labels]))
    trials = try_many(pooled, few.table, few.rows, TransferSettings().folds)
    best = choose_many(trials)
    decision = many_decision(few.table, few.rows, best)
    fitted = of_decision(decision, {"strategy": best.name, "cross_validated": best.to_dict()["macro_f1"]})
    figures = {lang: weighted_f1(fitted, parts[lang]["test"]) for lang in cell.asked}
    return {"train_rows": len(few.rows), "systems": {"scopesift": {"f1": figures, "about": fitted.about}}}


def measure(cell: Cell, parts: Parts) -> dict[str, Any]:
    """Fit on train rows, choose settings on dev rows, measure on test rows.

    Returns:
        `{"train_rows": n, "systems": {name: {"f1": {lang: weighted F1}, "about": …}}}`.
    """
    chosen = {
        lang: some_of_each_label({split: part.rows for split, part in parts[lang].items()}, cell.most)
        for lang in cell.fitted_on
    }
    train, dev = (
        join([parts[lang][split].take(chosen[lang][split]) for lang in cell.fitted_on])
        for split in ("train", "dev")
    )
    dev = dev.take(with_labels_of(dev.rows, train.rows))
    train = train.take(with_labels_of(train.rows, train.rows))
    found = {}
    for name, system in SYSTEMS.items():
        fitted = system(train, dev)
        figures = {lang: weighted_f1(fitted, parts[lang]["test"]) for lang in cell.asked}
        found[name] = {"f1": figures, "about": fitted.about}
    return {"train_rows": len(train.rows), "systems": found}
