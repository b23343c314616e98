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
    ALL,
    ENGLISH,
    FIRST,
    LANGUAGES,
    PERSPECTIVE,
    QWEN,
    SOURCE,
    TRANSFER,
    cell_name,
)
from bench.textdetox.fits import English, Fits, Read, fits_of_all, fits_of_few
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
    english = English(loaded, read)
    # the most important cells first, so that a stopped run has them for every language
    for cell in FIRST:
        for lang in LANGUAGES:
            measure_cell(lang, cell, read, english, stored)
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
    lang: str, cell: str, read: Callable[[str], Read], english: English, stored: StoredRows
) -> None:
    """Fit and measure the missing systems of a cell.

    Args:
        lang: The language.
        cell: Number of its labels.
        read: Returns the three parts of a language.
        english: The fits on English labels.
        stored: The result.
    """
    names = [*SYSTEMS, *([TRANSFER] if lang != SOURCE and cell != ENGLISH else [])]
    name = cell_name(lang, cell)
    kept: list[dict[str, Any]] = stored.row(name).get("draws", [])
    missing = [system for system in names if not all(system in draw for draw in kept) or not kept]
    if not missing:
        return
    parts = read(lang)
    draws: list[Fits]
    if cell == ENGLISH:
        draws = [english.fits]
    elif cell == ALL:
        draws = [fits_of_all(parts, english)]
    else:
        draws = [fits_of_few(parts["train"], int(cell), seed, english) for seed in range(DRAWS)]
    measured = [
        {system: measure_binary(fits[system](), parts["test"], POSITIVE) for system in missing}
        for fits in draws
    ]
    kept = [old | new for old, new in zip(kept or [{} for _ in draws], measured, strict=True)]
    stored.put(name, {"draws": kept})
    say(f"{lang}, {cell} labels: F1 {_means(measured)}")


def _means(draws: list[dict[str, Any]]) -> str:
    return ", ".join(f"{name} {statistics.mean(one[name]['f1'] for one in draws):.3f}" for name in draws[0])
