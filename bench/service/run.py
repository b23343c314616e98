"""`python -m bench service`: overhead of the service over the engine, and its behaviour under overload.

The load generator runs on one core. The server (supervisor, HTTP and engine process, engine with one thread) is pinned
to the other, or may use both; the offline engine is timed on the server's core, alternating with the service, since a
machine's speed drifts. Times are of /v1/classify.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scopesift_files.errors import UsageError
from scopesift_service.local_server import LocalServer

from bench.errors import BenchError
from bench.results_file import write_result
from bench.service.client import CLOSED, ONE, OPEN, Load
from bench.service.rates import rate_summary, steady_rate
from bench.service.table import table

SERVER_CORE, CLIENT_CORE = 0, 1
TEXTS_A_CALL = 32
CLIENTS = 4  # as much as the queue takes on a slow core before it refuses
RAMP = 1.0
ONE_CORE, BOTH_CORES = "one core", "both cores"
OVERLOAD = 4
OVERLOAD_TEXTS = 8
BARS = {"share_of_offline": 0.92, "added_ms": 3.0, "overload_p99_seconds": 5.0}


@dataclass(frozen=True)
class Extent:
    """Number of rounds, texts of the offline engine, and seconds of each load."""

    rounds: int = 5
    offline_texts: int = 512
    idle: float = 1.5
    closed: float = 10.0
    open: float = 15.0
    overload: float = 30.0


QUICK = Extent(rounds=2, offline_texts=200, idle=1.0, closed=4.0, open=3.0, overload=4.0)


def run(out: Path | None = None, quick: bool = False) -> None:
    """Measure, print the table, write the JSON.

    Args:
        out: Folder of the JSON; None: `bench/results/`.
        quick: Short loads, as a smoke test.

    Raises:
        UsageError: Fewer than two cores.
    """
    if len(os.sched_getaffinity(0)) < 2:
        raise UsageError("bench service needs two cores: one for the server, one for the load")
    extent = QUICK if quick else Extent()
    settings = {"OMP_NUM_THREADS": "1", "SCOPESIFT_LOG_LEVEL": "WARNING"}
    confined = ("taskset", "-c", str(SERVER_CORE))
    with (
        LocalServer(settings, prefix=confined) as one_core,
        LocalServer(settings) as both_cores,
        offline_engine() as offline,
    ):
        one_core.wait()
        both_cores.wait()
        parts = _measure({ONE_CORE: one_core.port, BOTH_CORES: both_cores.port}, offline, extent)
        parts["stop_code"] = one_core.stop()
    result = {
        "quick": quick,
        "pinned": f"offline engine on core {SERVER_CORE}, load from core {CLIENT_CORE}, one thread each; the server "
        f"on core {SERVER_CORE}, or free to use both, its engine with one thread",
        **parts,
        "bars": BARS,
    }
    path = write_result("service-quick" if quick else "service", result, out)
    sys.stdout.write(table(result) + f"\n\n{path}\n")


def _measure(ports: dict[str, int], offline: subprocess.Popen[str], extent: Extent) -> dict[str, Any]:
    for port in ports.values():
        _send(Load(port, CLOSED, 2, TEXTS_A_CALL, clients=CLIENTS))  # warm
    rounds = [_round(ports, offline, extent) for _ in range(extent.rounds)]
    servers = {
        name: {
            "idle": _middle([item[name] for item in rounds], "idle", "median_seconds"),
            "closed": _middle([item[name] for item in rounds], "closed", "texts_per_second"),
            "added_ms": statistics.median(item[name]["added_ms"] for item in rounds),
            "share_of_offline": statistics.median(item[name]["share_of_offline"] for item in rounds),
        }
        for name in ports
    }
    port = ports[ONE_CORE]
    capacity = servers[ONE_CORE]["closed"]["texts_per_second"]
    opened = {
        f"{share:.0%} of capacity": rate_summary(
            _send(Load(port, OPEN, extent.open, OVERLOAD_TEXTS, rate=share * capacity / OVERLOAD_TEXTS)),
            OVERLOAD_TEXTS,
        )
        for share in (0.5, 0.8)
    }
    rate = OVERLOAD * capacity / OVERLOAD_TEXTS
    overload = rate_summary(
        _send(Load(port, OPEN, extent.overload, OVERLOAD_TEXTS, rate=rate)), OVERLOAD_TEXTS
    )
    after = rate_summary(_send(Load(port, ONE, extent.idle, 1)), 1)
    return {
        "clients": CLIENTS,
        "texts_a_call": TEXTS_A_CALL,
        "rounds": rounds,
        "offline": _middle(rounds, "offline", "texts_per_second"),
        "servers": servers,
        "open": opened,
        "overload": {
            "times_capacity": OVERLOAD,
            "texts_a_call": OVERLOAD_TEXTS,
            "calls_per_second": rate,
            **overload,
        },
        "idle_after_overload": after,
    }


def _round(ports: dict[str, int], offline: subprocess.Popen[str], extent: Extent) -> dict[str, Any]:
    """One round: the engine is measured before and after each server, to cancel drift of the machine's speed."""
    asked = [_ask(offline, extent.offline_texts)]
    found: dict[str, Any] = {}
    for name, port in ports.items():
        idle = rate_summary(_send(Load(port, ONE, extent.idle, 1)), 1)
        samples = _send(Load(port, CLOSED, extent.closed, TEXTS_A_CALL, clients=CLIENTS))
        asked.append(_ask(offline, extent.offline_texts))
        alone = {key: (asked[-2][key] + asked[-1][key]) / 2 for key in asked[-1]}
        closed = rate_summary(samples, TEXTS_A_CALL)
        closed["texts_per_second"] = steady_rate(samples, TEXTS_A_CALL, RAMP, extent.closed)
        found[name] = {
            "idle": idle,
            "closed": closed,
            "added_ms": 1000 * (idle["median_seconds"] - alone["single_seconds"]),
            "share_of_offline": closed["texts_per_second"] / alone["texts_per_second"],
        }
    return {**found, "offline": {key: statistics.mean(item[key] for item in asked) for key in asked[0]}}


def _middle(rounds: list[dict[str, Any]], part: str, by: str) -> dict[str, Any]:
    """A part of the median round by one of its numbers."""
    parts: list[dict[str, Any]] = sorted((item[part] for item in rounds), key=lambda item: item[by])
    return parts[len(parts) // 2]


@contextmanager
def offline_engine() -> Iterator[subprocess.Popen[str]]:
    """The engine without the service, on the server's core, waiting for requests."""
    command = [sys.executable, "-m", "bench.service.offline", str(SERVER_CORE)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _ask(offline: subprocess.Popen[str], texts: int) -> dict[str, float]:
    if offline.stdin is None or offline.stdout is None:
        raise BenchError("the offline engine has no pipes")
    offline.stdin.write(f"{texts}\n")
    offline.stdin.flush()
    found: dict[str, float] = json.loads(offline.stdout.readline())
    return found


def _send(load: Load) -> list[list[float]]:
    samples: list[list[float]] = json.loads(_client(replace(load, core=CLIENT_CORE).to_json()))
    return samples


def _client(load: str) -> str:
    command = [sys.executable, "-m", "bench.service.client"]
    done = subprocess.run(command, input=load, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return done.stdout
