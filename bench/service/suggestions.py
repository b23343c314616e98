"""`python -m bench suggestions`: a year of moderators' decisions, and kill -9 while they come.

100,000 calls of comments:suggestscore, each with a text of its own. A service that has stored them and one without any
are then timed in turns, since a machine's speed drifts. Last, the whole service is killed at random moments while
decisions come, and every one that was answered must be stored.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from scopesift_service.http import paths
from scopesift_service.local_server import LocalServer
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.registry import Registry
from scopesift_service.versions.suggestions import Suggestions

from bench.errors import BenchError
from bench.markdown import markdown
from bench.results_file import write_result
from bench.service.client import ONE, Connections, Load, apply_load
from bench.service.texts import post_texts

SCOPE = "nano"
CALLS, KILLS = 100_000, 20
QUICK_CALLS, QUICK_KILLS = 2_000, 2
CLIENTS = 16
ROUNDS, A_ROUND = 9, 100
CLASSIFY_SECONDS = 1.5
LISTS = 5
KILL_SECONDS = (0.2, 1.5)
LANGUAGE = "de"
EMPTY = "without any"
SUGGEST, CLASSIFY, LIST = "suggestscore", "classify", "GET /v1/classifiers"
CLASSIFIER, ATTRIBUTE = "toxicity", "TOXICITY"


def run(out: Path | None = None, quick: bool = False) -> None:
    """Measure, print the table, write the JSON.

    Args:
        out: Folder of the JSON; None: `bench/results/`.
        quick: Few calls, as a smoke test.

    Raises:
        BenchError: A call was not answered, or an answered decision is not stored.
    """
    calls, kills = (QUICK_CALLS, QUICK_KILLS) if quick else (CALLS, KILLS)
    settings = {"SCOPESIFT_SCOPE": SCOPE, "SCOPESIFT_LOG_LEVEL": "WARNING"}
    with tempfile.TemporaryDirectory() as folder:
        year = _year(settings, Path(folder), calls)
    with tempfile.TemporaryDirectory() as folder:
        killed = _killed(settings | {"SCOPESIFT_STATE": folder}, Path(folder), kills)
    result = {"quick": quick, "scope": SCOPE, "clients": CLIENTS, "year": year, "killed": killed}
    path = write_result("suggestions-quick" if quick else "suggestions", result, out)
    sys.stdout.write(f"{table(result)}\n\n{path}\n")


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    year, killed = result["year"], result["killed"]
    rows = [
        [name, *(f"{1000 * part[what]:.1f}" for what in (SUGGEST, CLASSIFY, LIST)), f"{part['rows']:,}",
         f"{part['bytes'] / (1 << 20):.1f}"]
        for name, part in year["services"].items()
    ]  # fmt: skip
    return (
        markdown(["median ms, one call at a time", SUGGEST, CLASSIFY, LIST, "rows", "file, MiB"], rows)
        + f"\n\nMedians of {ROUNDS} rounds in turns. The {year['calls']:,} calls came from {result['clients']} "
        f"clients, {year['calls_per_second']:.0f} a second; at most {year['most_rows']:,} rows are kept. Killed "
        f"{killed['kills']} times at random moments: of {killed['answered']:,} answered decisions "
        f"{killed['lost']} are lost."
    )


def _year(settings: dict[str, str], state: Path, calls: int) -> dict[str, Any]:
    texts = [f"{text} {number}" for number, text in enumerate(post_texts(calls, seed=5))]
    folders = {EMPTY: state / "empty", f"after {calls:,} decisions": state / "full"}
    with ExitStack() as stack:
        services = {
            name: stack.enter_context(LocalServer(settings | {"SCOPESIFT_STATE": str(folder)}))
            for name, folder in folders.items()
        }
        for server in services.values():
            server.wait()
        _, full = services.values()
        began = time.perf_counter()
        asyncio.run(_suggest(full, texts, CLIENTS))
        seconds = time.perf_counter() - began
        rounds = [
            {name: asyncio.run(_round(server, number)) for name, server in services.items()}
            for number in range(ROUNDS)
        ]
    return {
        "calls": calls,
        "calls_per_second": calls / seconds,
        "most_rows": ServiceSettings().max_suggestions,
        "services": {
            name: {
                what: statistics.median(one[name][what] for one in rounds)
                for what in (SUGGEST, CLASSIFY, LIST)
            }
            | _size(folder)
            for name, folder in folders.items()
        },
    }


async def _round(server: LocalServer, number: int) -> dict[str, float]:
    """Median seconds of calls one at a time."""
    suggested = await _suggest(server, [f"round {number}, call {call}" for call in range(A_ROUND)], 1)
    classified = await apply_load(Load(server.port, ONE, CLASSIFY_SECONDS, 1))
    return {
        SUGGEST: statistics.median(suggested),
        CLASSIFY: statistics.median(sample.seconds for sample in classified),
        LIST: statistics.median([await _time_list(server) for _ in range(LISTS)]),
    }


def _size(state: Path) -> dict[str, int]:
    """Rows and bytes of what is stored."""
    stored = Suggestions(Registry(state).home(CLASSIFIER), ServiceSettings().max_suggestions)
    rows = sum(count["stored"] for count in stored.counts().values())
    return {"rows": rows, "bytes": stored.path.stat().st_size}


async def _suggest(server: LocalServer, texts: Sequence[str], clients: int) -> list[float]:
    """Suggest a score for every text; seconds of each call."""
    connections = Connections(server.port)
    left = iter(texts)
    times: list[float] = []

    async def client() -> None:
        for text in left:
            sent = time.perf_counter()
            status, _ = await connections.ask(_body(text), paths.SUGGEST_SCORE)
            times.append(time.perf_counter() - sent)
            if status != 200:
                raise BenchError(f"a decision was answered with {status} instead of 200")

    await asyncio.gather(*(client() for _ in range(clients)))
    return times


def _killed(settings: dict[str, str], state: Path, kills: int) -> dict[str, Any]:
    chance = random.Random(0)  # noqa: S311
    answered: list[str] = []
    for kill in range(kills):
        with LocalServer(settings | {"SCOPESIFT_MAX_SUGGESTIONS": "1000000"}) as server:
            server.wait()
            asyncio.run(_until_killed(server, f"kill {kill},", chance.uniform(*KILL_SECONDS), answered))
    stored = Suggestions(Registry(state).home(CLASSIFIER), 1_000_000)
    there = set(stored.latest(LANGUAGE, 1_000_000).texts)
    lost = sum(text not in there for text in answered)
    if lost:
        raise BenchError(f"{lost} of {len(answered)} answered decisions are not stored")
    return {"kills": kills, "answered": len(answered), "lost": lost}


async def _until_killed(server: LocalServer, name: str, seconds: float, answered: list[str]) -> None:
    """Suggest scores until all processes of the server are killed."""
    connections = Connections(server.port)

    async def client(number: int) -> None:
        call = 0
        while True:
            text = f"{name} client {number}, call {call}"
            status, _ = await connections.ask(_body(text), paths.SUGGEST_SCORE)
            if status != 200:
                return
            answered.append(text)
            call += 1

    clients = [asyncio.create_task(client(number)) for number in range(CLIENTS)]
    await asyncio.sleep(seconds)
    root = psutil.Process(server.process.pid)
    # the workers are in sessions of their own
    for process in (root, *root.children(recursive=True)):
        process.kill()
    await asyncio.gather(*clients)


async def _time_list(server: LocalServer) -> float:
    """Seconds of one GET /v1/classifiers."""
    sent = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET {paths.CLASSIFIERS} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    await reader.read()
    writer.close()
    return time.perf_counter() - sent


def _body(text: str) -> bytes:
    return json.dumps(
        {
            "comment": {"text": text},
            "attributeScores": {ATTRIBUTE: {"summaryScore": {"value": len(text) % 2}}},
            "languages": [LANGUAGE],
        }
    ).encode()
