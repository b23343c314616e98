"""`python -m bench service-soak`: minutes of calls of all sizes: memory, and answers against the offline engine's."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_features.scope import Scope
from scopesift_service.local_server import LocalServer

from bench.results_file import write_result
from bench.service.client import Connections
from bench.service.texts import post_texts

TEXTS = 10_000
SECONDS = 600.0
QUICK_TEXTS, QUICK_SECONDS = 200, 10.0
CLIENTS = 4
SIZES = (1, 2, 5, 16, 33, 64)
SAMPLE_SECONDS = 5.0
SETTLED = 0.1
BAR = 0.02


def run(out: Path | None = None, quick: bool = False) -> None:
    """Run the soak test, compare, print, write.

    Args:
        out: Folder of the JSON; None: `bench/results/`.
        quick: Seconds instead of minutes.
    """
    count, seconds = (QUICK_TEXTS, QUICK_SECONDS) if quick else (TEXTS, SECONDS)
    texts = post_texts(count, seed=7)
    engine = Engine(Scope.load(DEFAULT_SCOPE), [Classifier.load(name) for name in bundled_classifiers()])
    expected = engine.records(texts, engine.predict(texts))
    with LocalServer({"OMP_NUM_THREADS": "1", "SCOPESIFT_LOG_LEVEL": "WARNING"}) as server:
        server.wait()
        result = asyncio.run(_soak(server, texts, expected, seconds))
    first = next(size for at, size in result["resident_bytes"] if at >= SETTLED * seconds)
    growth = result["resident_bytes"][-1][1] / first - 1
    result |= {"quick": quick, "seconds": seconds, "memory_growth": growth, "bar": BAR}
    path = write_result("service-soak-quick" if quick else "service-soak", result, out)
    sys.stdout.write(
        f"| soak, s | texts compared | verdicts that differ | largest score difference | statuses | resident, MiB "
        f"| growth |\n| --- | --- | --- | --- | --- | --- | --- |\n"
        f"| {seconds:.0f} | {result['texts_compared']} | {result['different']} "
        f"| {result['largest_score_difference']:.1e} | {result['statuses']} "
        f"| {first >> 20} -> {result['resident_bytes'][-1][1] >> 20} | {growth:+.2%} |\n\n{path}\n"
    )


def differs(record: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether two records differ in label, flag or rule of any classifier."""
    return any(
        record[name].get(field) != expected[name].get(field)
        for name in expected["classifiers"]
        for field in ("label", "flagged", "rule")
    )


def apart(record: dict[str, Any], expected: dict[str, Any]) -> float:
    """The largest difference of a score."""
    return max(abs(record[name]["score"] - expected[name]["score"]) for name in expected["classifiers"])


async def _soak(
    server: LocalServer, texts: list[str], expected: list[dict[str, Any]], seconds: float
) -> dict[str, Any]:
    connections = Connections(server.port)
    chance = random.Random(0)  # noqa: S311
    began = time.monotonic()
    statuses: dict[str, int] = {}
    resident: list[tuple[float, int]] = []
    compared = different = position = 0
    largest = 0.0

    async def client() -> None:
        nonlocal compared, different, position, largest
        # every text at least once, also on a slow machine
        while time.monotonic() - began < seconds or position < len(texts):
            rows = [(position + step) % len(texts) for step in range(chance.choice(SIZES))]
            position += len(rows)
            status, body = await connections.ask(json.dumps({"texts": [texts[row] for row in rows]}).encode())
            statuses[str(status)] = statuses.get(str(status), 0) + 1
            if status == 200:
                for row, record in zip(rows, json.loads(body)["results"], strict=True):
                    compared += 1
                    different += differs(record, expected[row])
                    largest = max(largest, apart(record, expected[row]))

    async def watch() -> None:
        while True:
            resident.append((time.monotonic() - began, _resident(server)))
            await asyncio.sleep(SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    watching.cancel()
    resident.append((time.monotonic() - began, _resident(server)))
    return {
        "texts_compared": compared,
        "different": different,
        "largest_score_difference": largest,
        "statuses": statuses,
        "resident_bytes": resident,
    }


def _resident(server: LocalServer) -> int:
    root = psutil.Process(server.process.pid)
    return sum(process.memory_info().rss for process in (root, *root.children(recursive=True)))
