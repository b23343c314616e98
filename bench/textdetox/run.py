"""`python -m bench textdetox`: toxicity in nine languages, on the test rows of about ninety published models.

A cell of the result is one language with a number of its labels. Settings are chosen without test rows, which are
measured once per fit.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows, read_labelled
from scopesift_features.scope import Scope

from bench.errors import BenchError
from bench.results_file import StoredRows
from bench.textdetox import picture, tables
from bench.textdetox.cells import (
    ACROSS,
    ACROSS_MOVED,
    ALL,
    ENGLISH,
    ENGLISH_MOVED,
    FIRST,
    FROM_ENGLISH,
    FROM_ENGLISH_SIZES,
    LANGUAGES,
    PERSPECTIVE,
    QWEN,
    REST,
    SOURCE,
    TRANSFER,
    UNLABELLED,
    cell_name,
)
from bench.textdetox.fits import (
    English,
    Fits,
    Others,
    Read,
    fits_of_all,
    fits_of_few,
    fits_of_others,
    fits_without_labels,
)
from bench.trials.answers import measure_binary
from bench.trials.parts import read_parts
from bench.trials.published import Published
from bench.trials.systems import POSITIVE, SYSTEMS
from scopesift.terminal.streams import reading, say

NAME = "textdetox"
SPLITS = ("train", "dev", "test")
DRAWS = 5


def run(data: Path, scope: str = "e5", out: Path | None = None) -> None:
    """Measure the missing cells, write JSON and plot, print the tables.

    Args:
        data: The folder that holds `textdetox/<lang>.jsonl.gz` and `textdetox/published.json`.
        scope: The scope.
        out: Folder for JSON and plot; None: `bench/results/` and `docs/`.

    Raises:
        BenchError: A file is missing, or there are results of another scope or other rows.
    """
    published = Published.read(data / NAME / "published.json", "f1")
    rows = {lang: textdetox_rows(data, lang) for lang in LANGUAGES}
    loaded = Scope.load(scope)
    stored = StoredRows(
        NAME,
        out,
        measured_on={
            "scope": loaded.fingerprint,
            "rows": join_rows([own for splits in rows.values() for own in splits.values()]).fingerprint(),
            "published": {"source": published.source, "languages": published.summary((PERSPECTIVE, QWEN))},
        },
    )
    read = cache(lambda lang: read_splits(loaded, lang, rows[lang]))
    english, others = English(loaded, read), Others(loaded, read)
    # the most important cells first, so that a stopped run has them for every language
    for cell in FIRST:
        for lang in LANGUAGES:
            measure_cell(lang, cell, read, english, others, stored)
    result = stored.result()
    print(tables.everything(result))
    path = picture.write(result, out)
    say(f"wrote {stored.path} and {path}")


def textdetox_rows(data: Path, lang: str) -> dict[str, LabelledText]:
    """Train, dev and test rows of a language.

    Raises:
        BenchError: The file is missing.
    """
    path = data / NAME / f"{lang}.jsonl.gz"
    if not path.is_file():
        raise BenchError(f"{path} is missing; --data names the folder that holds {NAME}/")
    return {split: read_labelled(path, split=split) for split in SPLITS}


def read_splits(scope: Scope, lang: str, rows: dict[str, LabelledText]) -> Read:
    """Read the three splits of a language."""
    with reading(f"reading {lang}") as progress:
        parts = read_parts(scope, list(rows.values()), cache=FeatureCache.default(), on_progress=progress)
    return dict(zip(rows, parts, strict=True))


def measure_cell(
    lang: str,
    cell: str,
    read: Callable[[str], Read],
    english: English,
    others: Others,
    stored: StoredRows,
) -> None:
    """Fit and measure the missing systems of a cell.

    Args:
        lang: The language.
        cell: Number of its labels.
        read: Returns the three parts of a language.
        english: The fits on English labels.
        others: Those on the labels of all other languages.
        stored: The result.
    """
    name = cell_name(lang, cell)
    kept: list[dict[str, Any]] = stored.row(name).get("draws", [])
    missing = [
        system for system in systems_of(lang, cell) if not kept or not all(system in old for old in kept)
    ]
    if not missing:
        return
    test = read(lang)["test"]
    measured = [
        {system: measure_binary(fits[system](), test, POSITIVE) for system in missing}
        for fits in fits_of_cell(lang, cell, read, english, others)
    ]
    kept = [old | new for old, new in zip(kept or [{} for _ in measured], measured, strict=True)]
    stored.put(name, {"draws": kept})
    say(f"{lang}, {cell} labels: F1 {_means(measured)}")


def systems_of(lang: str, cell: str) -> list[str]:
    """Names of the systems of a cell."""
    if cell == REST:
        return [ACROSS]
    if cell == UNLABELLED:
        return [ENGLISH_MOVED, ACROSS_MOVED]
    if cell == ENGLISH or lang == SOURCE:
        return list(SYSTEMS)
    return [*SYSTEMS, TRANSFER, *([FROM_ENGLISH] if cell in FROM_ENGLISH_SIZES else [])]


def fits_of_cell(
    lang: str, cell: str, read: Callable[[str], Read], english: English, others: Others
) -> list[Fits]:
    """The fits of a cell by draw, none of them made yet; see `measure_cell`."""
    if cell == ENGLISH:
        return [english.fits]
    if cell == REST:
        return [fits_of_others(lang, others)]
    parts = read(lang)
    if cell == UNLABELLED:
        return [fits_without_labels(lang, parts["train"], seed, english, others) for seed in range(DRAWS)]
    if cell == ALL:
        return [fits_of_all(lang, cell, parts, english, others)]
    return [fits_of_few(lang, parts["train"], cell, seed, english, others) for seed in range(DRAWS)]


def _means(draws: list[dict[str, Any]]) -> str:
    return ", ".join(f"{name} {statistics.mean(one[name]['f1'] for one in draws):.3f}" for name in draws[0])
