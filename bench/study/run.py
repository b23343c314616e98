"""`python -m bench study`: sparse rules against dense probes and TF-IDF on TextDetox, as tables and pictures.

Quality by number of labels is that of `python -m bench textdetox`; measured here, with all labels: by number of
features, by layer, and section 5 of the Qwen-Scope report. Settings are chosen without test rows, except in the
report's own protocol, which chooses on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.labelled_rows.rows import join_rows
from scopesift_classifiers.studies.reproduction import reproduce
from scopesift_features.scope import Scope

from bench.readme.run import ROOT, fill
from bench.results_file import StoredRows
from bench.study import pictures, tables
from bench.study.cells import ENGLISH, FEATURES, LAYERS, OWN, REPRODUCTION, Study
from bench.study.fits import GREEDY_SIZES, greedy_of_size, linear_by_size, on_layer
from bench.textdetox.cells import LANGUAGES, SOURCE
from bench.textdetox.fits import Read
from bench.textdetox.run import NAME as DATA_FOLDER
from bench.textdetox.run import read_splits, textdetox_rows
from bench.trials.answers import Fitted, measure_binary
from bench.trials.systems import POSITIVE, SYSTEMS
from scopesift.terminal.streams import reading, say

NAME = "study"
PAGE = ROOT / "docs" / "study.md"
ON_A_LAYER = ("linear", "linear_probe")


def run(data: Path, scope: str = "e5", out: Path | None = None) -> None:
    """Measure what is missing, print the tables, write JSON, pictures and the tables of docs/study.md.

    Args:
        data: The folder that holds `textdetox/<lang>.jsonl.gz`.
        scope: The scope.
        out: Folder for JSON and pictures, without the page; may hold a result of `bench textdetox`;
            None: `bench/results/` and `docs/`.

    Raises:
        BenchError: A file is missing, or there are results of another scope or other rows.
    """
    rows = {lang: textdetox_rows(data, lang) for lang in LANGUAGES}
    loaded = Scope.load(scope)
    stored = StoredRows(
        NAME,
        out,
        measured_on={
            "scope": loaded.fingerprint,
            "rows": join_rows([own for splits in rows.values() for own in splits.values()]).fingerprint(),
            "layers": list(loaded.layers),
        },
    )
    Study.of(stored.result(), out)  # other rows or another scope are an error before any fit
    read = cache(lambda lang: read_splits(loaded, lang, rows[lang]))
    for lang in LANGUAGES:
        if f"{lang} {FEATURES}" not in stored:
            stored.put(f"{lang} {FEATURES}", measure_sizes(read(lang)))
            say(f"{lang}: measured by number of features")
    if REPRODUCTION not in stored:
        with reading("reading for section 5 of the report") as progress:
            found = reproduce(loaded, data / DATA_FOLDER, cache=FeatureCache.default(), on_progress=progress)
        stored.put(REPRODUCTION, found)
    english = cache(lambda layer: fits_on(read(SOURCE), layer))
    for lang in LANGUAGES:
        if f"{lang} {LAYERS}" not in stored:
            stored.put(f"{lang} {LAYERS}", measure_layers(lang, read(lang), loaded.layers, english))
            say(f"{lang}: measured by layer")
    study = Study.of(stored.result(), out)
    print(tables.everything(study))
    written = pictures.write(study, out)
    if out is None:
        fill(PAGE)
        written.append(PAGE)
    say(f"wrote {stored.path}, {', '.join(map(str, written))}")


def measure_sizes(parts: Read) -> dict[str, Any]:
    """Metrics on the test rows of a language by preset and number of features."""
    train, dev, test = (parts[split] for split in ("train", "dev", "test"))
    greedy = ((size, greedy_of_size(train, dev, size)) for size in GREEDY_SIZES)
    return {
        name: {str(size): measure_binary(fitted, test, POSITIVE) for size, fitted in fits}
        for name, fits in (("linear", linear_by_size(train, dev)), ("greedy", greedy))
    }


def fits_on(parts: Read, layer: int) -> dict[str, Fitted]:
    """The systems that are compared by layer, fitted on one layer."""
    train, dev = (on_layer(parts[split], layer) for split in ("train", "dev"))
    return {name: SYSTEMS[name](train, dev) for name in ON_A_LAYER}


def measure_layers(
    lang: str, parts: Read, layers: Sequence[int], english: Callable[[int], dict[str, Fitted]]
) -> dict[str, Any]:
    """Metrics on the test rows of a language by labels, system and layer.

    Args:
        lang: The language.
        parts: Its parts.
        layers: The layers.
        english: Returns the systems fitted on English rows on a layer.
    """
    found: dict[str, Any] = {labels: {name: {} for name in ON_A_LAYER} for labels in (OWN, ENGLISH)}
    for layer in layers:
        test = on_layer(parts["test"], layer)
        own = english(layer) if lang == SOURCE else fits_on(parts, layer)
        for labels, fits in ((OWN, own), (ENGLISH, english(layer))):
            for name, fitted in fits.items():
                found[labels][name][str(layer)] = measure_binary(fitted, test, POSITIVE)
    return found
