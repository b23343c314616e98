"""`python -m bench overlap`: GSM8K's parts with each other and with HumanEval, beside halves and chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.overlaps.comparison import Overlap, compare, split_half
from scopesift_classifiers.overlaps.data_sets import open_data_sets
from scopesift_classifiers.overlaps.measure import (
    MIN_SHARES,
    Measured,
    OverlapSettings,
    measure_overlap,
)
from scopesift_features.backbone.source import file_sha256
from scopesift_features.scope import Scope

from bench.errors import BenchError
from bench.overlap import tables
from bench.results_file import StoredRows

FILES = ("gsm8k-train", "gsm8k-test", "humaneval")
"""Questions only, in `benchmarks/`."""
DRAWN = 164
"""As many rows as the smallest has."""
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)
PAIRS = ((0, 0), (0, 1), (0, 2), (1, 2))


def run(data: Path, scope: str, out: Path | None = None) -> None:
    """Measure both pools with all rows and with as many from each, write JSON, print tables.

    Args:
        data: The folder that holds `benchmarks/`.
        scope: A scope's name or folder; results of other scopes are kept.
        out: Folder for the JSON; None: `bench/results/`.

    Raises:
        BenchError: A file is missing, or the stored result is of other files.
    """
    paths = [data / "benchmarks" / f"{name}.jsonl.gz" for name in FILES]
    for path in paths:
        if not path.is_file():
            raise BenchError(f"{path} is missing; --data names the folder that holds benchmarks/")
    place = Scope.load(scope)
    stored = StoredRows("overlap", out, measured_on={path.name: file_sha256(path) for path in paths})
    for pool, least in MIN_SHARES.items():
        for rows in (DRAWN, None):
            measured = measure_overlap(
                place,
                open_data_sets(paths, rows=rows),
                OverlapSettings(pool, least, differences=0),
                cache=FeatureCache.default(),
            )
            stored.put(f"{place.id} {pool} {rows or 'all'}", _numbers(measured))
    print(tables.everything(stored.result(), place.id))
    print(f"\nwritten: {stored.path}")


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
            }
            for share in SHARES
        },
    }
