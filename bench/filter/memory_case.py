"""One case of `python -m bench filter-memory`, in its own process, to measure its peak memory."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.scope import Scope
from scopesift_filtering.run_filter import run_filter
from scopesift_filtering.run_plan import make_plan
from scopesift_filtering.settings import FilterSettings

from bench.filter.case import WHERE, resident_mib
from bench.peak_memory import peak_mib


def measure(scope: str, corpus: Path) -> dict[str, Any]:
    """Filter a file.

    Args:
        scope: a bundled scope.
        corpus: the file.
    """
    place = Scope.load(scope, device="cpu")
    engine = Engine(place, [Classifier.load(path) for path in bundled_classifiers(scope).values()])
    # the first batch of any run allocates what all later ones use
    engine.predict(["A text to warm up. " * 200] * 8)
    loaded = resident_mib()
    with tempfile.TemporaryDirectory() as folder:
        plan = make_plan([str(corpus)], Path(folder) / "out", FilterSettings(where=WHERE), engine)
        began = time.perf_counter()
        tally = run_filter(plan)
        seconds = time.perf_counter() - began
    return {
        "documents": tally.rows,
        "characters": tally.chars,
        "tokens": tally.tokens,
        "seconds": round(seconds, 1),
        "loaded_mib": round(loaded),
        "peak_above_model_mib": round(peak_mib() - loaded),
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
