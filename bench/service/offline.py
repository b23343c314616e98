"""The engine without the service, in its own process: `python -m bench.service.offline CORE`.

It measures once per line on stdin, so that it can alternate with the service.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from typing import Any

from bench.service.texts import post_texts

WARM = 256
SINGLES = 200
SINGLES_A_TURN = 40


def main() -> None:
    """For every number of texts on stdin write {"texts_per_second", "single_seconds"} as a line to stdout."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    import torch
    from scopesift_classifiers.artifact.bundled import bundled_classifiers
    from scopesift_classifiers.artifact.classifier import Classifier
    from scopesift_classifiers.judging.engine import Engine
    from scopesift_features.catalogue.table import DEFAULT_SCOPE
    from scopesift_features.scope import Scope

    torch.set_num_threads(1)
    engine = Engine(Scope.load(DEFAULT_SCOPE), [Classifier.load(name) for name in bundled_classifiers()])
    # the same texts as in the service's calls with one text
    singles = post_texts(SINGLES, seed=1)
    engine.predict(post_texts(WARM))
    for turn, line in enumerate(sys.stdin):
        texts = post_texts(int(line), seed=turn)
        begin = turn * SINGLES_A_TURN % SINGLES
        found = _measure(engine, texts, singles[begin : begin + SINGLES_A_TURN])
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


def _measure(engine: Any, texts: list[str], singles: list[str]) -> dict[str, float]:
    began = time.perf_counter()
    engine.predict(texts)
    rate = len(texts) / (time.perf_counter() - began)
    seconds = []
    for text in singles:
        began = time.perf_counter()
        engine.predict([text])
        seconds.append(time.perf_counter() - began)
    return {"texts_per_second": rate, "single_seconds": statistics.median(seconds)}


if __name__ == "__main__":
    main()
