"""The same engine without a service, in its own process: `python -m bench.service_offline CORE TEXTS`."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time

from bench.service_texts import post_texts

WARM = 256
SINGLES = 200


def main() -> None:
    """Write {"texts_per_second", "single_seconds"} of the offline engine to stdout."""
    core, count = int(sys.argv[1]), int(sys.argv[2])
    os.sched_setaffinity(0, {core})
    import torch
    from scopesift_classifiers.classifier import Classifier, bundled_classifiers
    from scopesift_classifiers.engine import Engine
    from scopesift_features.scope import Scope

    torch.set_num_threads(1)
    engine = Engine(Scope.load("nano"), [Classifier.load(name) for name in bundled_classifiers()])
    # the texts of the service's calls with one text, so that latencies are of the same texts
    single = post_texts(SINGLES, seed=1)
    texts = post_texts(count, seed=32)
    engine.predict(texts[:WARM])
    began = time.perf_counter()
    engine.predict(texts)
    rate = count / (time.perf_counter() - began)
    seconds = []
    for text in single:
        began = time.perf_counter()
        engine.predict([text])
        seconds.append(time.perf_counter() - began)
    json.dump({"texts_per_second": rate, "single_seconds": statistics.median(seconds)}, sys.stdout)


if __name__ == "__main__":
    main()
