"""`python -m bench batches`: padding on real lengths, and the cost of a token by the size of its batch."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.reading.batching.batch_plan import plan_batches
from scopesift_features.reading.batching.batches import Batch, make_batches
from scopesift_features.reading.batching.windows import Window, make_windows
from scopesift_features.scope import Scope
from scopesift_files.row_readers.rows import read_rows

from bench.batches.tables import cost_table, padding_table
from bench.filter.corpus import write_corpus
from bench.results_file import StoredRows

CALLS = {8: 100, 32: 50, 256: 10, 1024: 4}
"""Texts of a call -> how many calls are drawn."""
BUDGETS = (256, 512, 1024, 2048, 4096)
LENGTHS = {"16 tokens": 16, "32 tokens": 32, "128 tokens": 128, "512 tokens": 512}
ROUNDS = 5
DOCUMENTS = 4000


def run(data: Path, out: Path | None = None, *, scope: str = "e5", quick: bool = False) -> None:
    """Measure and print both tables.

    Args:
        data: folder with toxicity/, language/, domain/ and pretrain/.
        out: folder for the JSON; None: `bench/results/`.
        scope: a bundled scope.
        quick: one round, as a smoke test.
    """
    place = Scope.load(scope, device="cpu")
    engine = Engine(place, [Classifier.load(path) for path in bundled_classifiers(scope).values()])
    windows = _windows(place, data, DOCUMENTS // 10 if quick else DOCUMENTS)
    stored = StoredRows(f"batches{'-quick' if quick else ''}", out)
    lengths_W = np.array([len(window.ids) for window in windows])
    spread = {
        "median": int(np.median(lengths_W)),
        "p90": int(np.quantile(lengths_W, 0.9)),
        "longest": int(lengths_W.max()),
    }
    for texts, calls in CALLS.items():
        row = {"lengths": spread, **_padding(lengths_W, texts, calls)}
        stored.put(f"padding of {texts:4d} texts", row)
    for threads in (1, 2):
        torch.set_num_threads(threads)
        row = _costs(engine, windows, 1 if quick else ROUNDS)
        stored.put(f"cost on {threads} thread{'s' * (threads > 1)}, {scope}", {"scope": scope, **row})
    sys.stdout.write(f"{padding_table(stored.result())}\n\n{cost_table(stored.result())}\n\n{stored.path}\n")


def _windows(scope: Scope, data: Path, documents: int) -> list[Window]:
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.jsonl.zst"
        write_corpus(data, corpus, documents)
        texts = [row.with_text("text").text for row in read_rows(str(corpus))]
    return make_windows(scope, texts, offsets=False)


def _padding(lengths_W: NDArray[np.int64], texts: int, calls: int) -> dict[str, Any]:
    """Share of padding, and padding and starts of batches as a share of the tokens, for three ways to make batches."""
    chance = np.random.default_rng(0)
    drawn = [chance.choice(lengths_W, texts) for _ in range(calls)]
    tokens = int(sum(own.sum() for own in drawn))
    found: dict[str, Any] = {"texts": texts, "calls": calls, "tokens": tokens, "budgets": {}}
    for budget in BUDGETS:
        ways = {
            "given order": [_filled(own, budget) for own in drawn],
            "sorted, filled": [_filled(np.sort(own)[::-1], budget) for own in drawn],
            "planned": [[own[items] for items in plan_batches(own.tolist(), budget)] for own in drawn],
        }
        found["budgets"][str(budget)] = {
            name: {
                "padding": round(1 - tokens / sum(_places(batches) for batches in made), 4),
                "batches_a_call": round(sum(map(len, made)) / calls, 2),
            }
            for name, made in ways.items()
        }
    return found


def _filled(lengths_W: NDArray[np.int64], budget: int) -> list[NDArray[np.int64]]:
    """Batches that are filled up to the budget in the order of the items."""
    batches: list[list[int]] = []
    for length in lengths_W.tolist():
        if batches and (len(batches[-1]) + 1) * max(*batches[-1], length) <= budget:
            batches[-1].append(length)
        else:
            batches.append([length])
    return [np.array(batch) for batch in batches]


def _places(batches: Sequence[NDArray[np.int64]]) -> int:
    return sum(len(batch) * int(batch.max()) for batch in batches)


def _costs(engine: Engine, windows: Sequence[Window], rounds: int) -> dict[str, Any]:
    """Microseconds per token of whole batches without padding, by length and size; what starting a batch costs."""
    reader = engine.reader.without_places()
    ids = np.concatenate([window.ids[window.keep] for window in windows])
    batches = {
        (name, size): _batch(ids, max(1, size // length), length)
        for name, length in LENGTHS.items()
        for size in (length, *BUDGETS)
        if size >= length
    }
    times: dict[tuple[str, int], list[float]] = {key: [] for key in batches}
    for turn in range(-1, rounds):
        for key, batch in batches.items():
            began = time.perf_counter()
            reader.read_batch(batch)
            if turn >= 0:
                times[key].append(time.perf_counter() - began)
    best = {key: min(spent) for key, spent in times.items()}
    per_token = {
        name: {
            str(size): round(1e6 * seconds / size, 1) for (own, size), seconds in best.items() if own == name
        }
        for name in LENGTHS
    }
    # a line through one text alone and a batch of the default size
    name, length = "32 tokens", LENGTHS["32 tokens"]
    slope = (best[name, 1024] - best[name, length]) / (1024 - length)
    start = best[name, length] - slope * length
    return {
        "us_per_token": per_token,
        "start_tokens": round(start / slope, 1),
        "start_ms": round(1000 * start, 2),
    }


def _batch(ids: NDArray[np.int64], count: int, length: int) -> Batch:
    chance = random.Random(0)  # noqa: S311
    zeros, keep = np.zeros(length, dtype=np.int64), np.ones(length, dtype=np.bool_)
    begins = [chance.randrange(len(ids) - length) for _ in range(count)]
    windows = [
        Window(document, ids[begin : begin + length], zeros, zeros, keep)
        for document, begin in enumerate(begins)
    ]
    # the budget leaves all windows in one batch
    (batch,) = make_batches(windows, count * length)
    return batch
