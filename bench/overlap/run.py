"""`python -m bench overlap`: GSM8K's parts with each other and with HumanEval, halves, chance and prose."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.labelled_rows.rows import read_labelled
from scopesift_classifiers.overlaps.comparison import Overlap, compare, split_half
from scopesift_classifiers.overlaps.data_sets import open_data_sets
from scopesift_classifiers.overlaps.measure import (
    MIN_SHARES,
    Measured,
    OverlapSettings,
    measure_overlap,
)
from scopesift_classifiers.overlaps.usage import FeatureUsage
from scopesift_features.backbone.source import file_sha256
from scopesift_features.scope import Scope

from bench.errors import BenchError
from bench.overlap import tables
from bench.results_file import StoredRows

FILES = ("gsm8k-train", "gsm8k-test", "humaneval")
"""Questions only, in `benchmarks/`."""
PROSE = "prose"
"""Sentences of `domain/train.jsonl.gz`, English ones of SIB-200: which of the shared features do other texts use?"""
DRAWN = 164
"""As many rows as the smallest has."""
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.9)
PAIRS = ((0, 0), (0, 1), (0, 2), (1, 2))


def run(data: Path, scope: str, out: Path | None = None) -> None:
    """Measure both pools with all rows and with as many from each, write JSON, print tables.

    Args:
        data: The folder that holds `benchmarks/` and `domain/`.
        scope: A scope's name or folder; results of other scopes are kept.
        out: Folder for the JSON; None: `bench/results/`.

    Raises:
        BenchError: A file is missing, or the stored result is of other files.
    """
    paths = [data / "benchmarks" / f"{name}.jsonl.gz" for name in FILES]
    sentences = data / "domain" / "train.jsonl.gz"
    for path in (*paths, sentences):
        if not path.is_file():
            raise BenchError(f"{path} is missing; --data names the folder that holds benchmarks/ and domain/")
    place = Scope.load(scope)
    stored = StoredRows(
        "overlap", out, measured_on={path.name: file_sha256(path) for path in (*paths, sentences)}
    )
    with TemporaryDirectory() as folder:
        prose = _prose(sentences, Path(folder))
        for pool, least in MIN_SHARES.items():
            for rows in (DRAWN, None):
                measured = measure_overlap(
                    place,
                    open_data_sets(paths if rows is None else [*paths, prose], rows=rows),
                    OverlapSettings(pool, least, differences=0),
                    cache=FeatureCache.default(),
                )
                stored.put(f"{place.id} {pool} {rows or 'all'}", _numbers(measured))
    print(tables.everything(stored.result(), place.id))
    print(f"\nwritten: {stored.path}")


def _prose(path: Path, folder: Path) -> Path:
    """English sentences in a file of their own."""
    rows = read_labelled(path, label="domain")
    texts = [
        text
        for text, code, source in zip(rows.texts, rows.langs, rows.sources, strict=True)
        if (code, source) == ("en", "sib200")
    ]
    out = folder / f"{PROSE}.jsonl"
    out.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    return out


def _numbers(measured: Measured) -> dict[str, Any]:
    """Sizes, overlaps and halves over all layers at every share; no texts."""
    usages = measured.usages
    return {
        "scope": measured.scope_id,
        "layers": usages[0].layers,
        "features": measured.features,
        "pool": measured.settings.pool,
        "min_share": measured.settings.min_share,
        "rows": {usage.name: usage.rows for usage in usages},
        "shares": {
            f"{share:g}": {
                "halves": {usage.name: split_half(usage, share) for usage in usages},
                "pairs": [
                    {"a": usages[a].name, "b": usages[b].name}
                    | {"all": Overlap.total(compare(usages[a], usages[b], share).values()).to_dict()}
                    for a, b in PAIRS
                ],
                "shared_in_prose": _shared_in_prose(usages, share),
            }
            for share in SHARES
        },
    }


def _shared_in_prose(usages: Sequence[FeatureUsage], share: float) -> dict[str, float] | None:
    """Share of the features of both GSM8K's train part and HumanEval that prose uses too, and by chance."""
    prose = next((usage for usage in usages if usage.name == PROSE), None)
    if prose is None:
        return None
    first, _, code, _ = usages
    shared_F, prose_F = (
        np.concatenate(
            [np.logical_and.reduce([one.used(layer, share) for one in sets]) for layer in prose.layers]
        )
        for sets in ((first, code), (prose,))
    )
    both = int((shared_F & prose_F).sum()) / max(int(shared_F.sum()), 1)
    return {"share": round(both, 4), "by_chance": round(float(prose_F.mean()), 4)}
