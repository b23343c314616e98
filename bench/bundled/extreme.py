"""`python -m bench extreme`: effect and cost of leaving out extreme tokens in the bundled scopes."""

from __future__ import annotations

import statistics
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.catalogue.qwen_scope import QWEN_NORM_LIMIT
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.extract import stream_residuals
from scopesift_features.reading.norm_bounds import bounded
from scopesift_features.scope import Scope

from bench.markdown import markdown
from bench.results_file import write_result
from bench.service.texts import post_texts

SCOPES = "e5", "nano"
TEXTS, ROUNDS = 2000, 9


def run(out: Path | None = None) -> None:
    """Classify the same texts with and without a norm limit; write JSON and print a table.

    Args:
        out: folder for the JSON; None: `bench/results/`.
    """
    result = {name: measure(name) for name in SCOPES}
    path = write_result("extreme", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


def measure(name: str) -> dict[str, Any]:
    """Tokens that a limit leaves out, verdicts that it changes, and its share of the reading time."""
    texts = post_texts(TEXTS, seed=7)
    scope = Scope.load(name, device="cpu")
    classifiers = [Classifier.load(one, name) for one in bundled_classifiers(name)]
    plain = Engine(scope, classifiers)
    scope.settings = replace(scope.settings, norm_limit=QWEN_NORM_LIMIT)
    bounds = bounded(scope, texts, plain.reader.layers).norm_bounds
    limited = Engine(
        scope, [replace(one, settings=scope.settings, norm_bounds=bounds) for one in classifiers]
    )
    pairs = zip(plain.predict(texts), limited.predict(texts), strict=True)
    return {
        "limit": QWEN_NORM_LIMIT,
        "texts": TEXTS,
        "other_verdicts": sum(one != other for one, other in pairs),
        **_left_out(scope, texts, bounds),
    }


def _left_out(scope: Scope, texts: list[str], bounds: dict[int, float]) -> dict[str, float]:
    """Number of tokens above the bounds, and the time of finding them relative to the backbone's."""
    began = perf_counter()
    batches = list(stream_residuals(scope, make_windows(scope, texts, offsets=False), list(bounds)))
    reading = perf_counter() - began
    tokens = left_out = 0
    seconds = []
    for _ in range(ROUNDS):
        tokens = left_out = 0
        began = perf_counter()
        for batch in batches:
            for layer, bound in bounds.items():
                tokens += len(batch.window_T)
                left_out += len(batch.window_T) - len(batch.at(layer, bound).index_T)
        seconds.append(perf_counter() - began)
    share = statistics.median(seconds) / reading
    return {"tokens": tokens, "left_out": left_out, "share_of_reading": round(share, 5)}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    header = [
        "scope",
        "tokens, of every layer read",
        "left out",
        "texts",
        "other verdicts",
        "share of the reading time",
    ]
    rows = [
        [
            name,
            *(f"{own[key]:,}" for key in ("tokens", "left_out", "texts", "other_verdicts")),
            f"{own['share_of_reading']:.2%}",
        ]
        for name, own in result.items()
    ]
    return markdown(header, rows)
