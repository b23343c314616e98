"""One case of `bench fit`, in its own process, to measure its peak memory: prints one JSON object."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scopesift_classifiers.feature_tables.stored import StoredTable
from scopesift_classifiers.fitting.presets import fit_decision
from scopesift_classifiers.fitting.settings import FitSettings

from bench.peak_memory import peak_mib

HELD_OUT_SHARE = 0.15


def synthetic(n_documents: int, n_classes: int, preset: str, place: str) -> dict[str, Any]:
    """Fit on a synthetic table in memory or (`place` "disk") as streamed from the feature cache."""
    import numpy as np

    from bench.fit.table import in_memory, labelled, stored_table

    table = stored_table(n_documents, n_classes) if place == "disk" else in_memory(n_documents, n_classes)
    held_out = int(n_documents * HELD_OUT_SHARE)
    rows = np.arange(n_documents)
    train = labelled(0, n_documents - held_out, n_classes)
    dev = labelled(n_documents - held_out, n_documents, n_classes)
    before = _megabytes()
    began = time.perf_counter()
    decision, details = fit_decision(
        table.rows(rows[: len(train)]),
        train,
        table.rows(rows[len(train) :]),
        dev,
        FitSettings(preset=preset),
        None,
        binary=n_classes == 2,
    )
    return {
        "fit_s": time.perf_counter() - began,
        "entries": "streamed" if isinstance(table, StoredTable) else int(table.acts_NF.nnz),
        "features": len(decision.features),
        "dev": details.get("dev_macro_f1", details.get("dev_accuracy")),
        "before_mb": before,
        "peak_mb": _megabytes(),
    }


def real(path: str, n_documents: int, label: str, positive: str, preset: str) -> dict[str, Any]:
    """Read a labelled file with nano twice (the second time from the cache) and fit."""
    from scopesift_classifiers.feature_tables.cache import FeatureCache
    from scopesift_classifiers.fitting.fit import fit_tables, open_table
    from scopesift_classifiers.labelled_rows.rows import read_labelled
    from scopesift_classifiers.labelled_rows.sampling import balanced, split_dev
    from scopesift_features.scope import Scope

    rows = read_labelled(path, label=label, split="train")
    per_class = -(-n_documents // len(rows.classes))
    rows = rows.select(sorted(balanced(rows, per_class, by_source=False).tolist()))
    fit_rows, dev_rows = split_dev(rows, HELD_OUT_SHARE)
    train, dev = rows.select(fit_rows), rows.select(dev_rows)
    scope = Scope.load("nano")
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        done = work()
        seconds[name] = time.perf_counter() - began
        return done

    with tempfile.TemporaryDirectory() as folder:
        cache = FeatureCache(Path(folder))
        texts = [*train.texts, *dev.texts]
        timed("read_s", lambda: open_table(scope, texts, cache=cache))
        table = timed("read_again_s", lambda: open_table(scope, texts, cache=cache))
        entries = int(table.acts_NF.nnz)
        two = len(rows.classes) == 2
        settings = (
            FitSettings(preset=preset, positive=positive)
            if two
            else FitSettings(preset=preset, unknown="und")
        )
        fitted = timed("fit_s", lambda: fit_tables("bench", scope, table, train, dev, settings))
        size = cache.size() / 1e6
    return seconds | {
        "documents": len(rows),
        "labels": len(rows.classes),
        "entries": entries,
        "features": len(fitted.features),
        "dev": fitted.fit.get("dev_macro_f1", fitted.fit.get("dev_accuracy")),
        "cache_mb": size,
        "peak_mb": _megabytes(),
    }


def _megabytes() -> float:
    """Peak resident memory so far, MB."""
    return peak_mib() * 2**20 / 1e6


if __name__ == "__main__":
    kind, arguments = json.loads(sys.argv[1])
    cases: dict[str, Callable[..., dict[str, Any]]] = {"synthetic": synthetic, "real": real}
    print(json.dumps(cases[kind](*arguments)))
