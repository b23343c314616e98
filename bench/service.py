"""`python -m bench service`: what the service costs over the engine, and what it does when too much comes.

The server (supervisor, HTTP and engine process, one thread) runs on one core and the load comes from a process on
another; the offline engine is timed on the server's core, in turns with the service, since a machine's speed drifts.
Times are of /v1/classify.
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

from scopesift_features.errors import UsageError
from scopesift_service.local_server import LocalServer

from bench.results_file import write_result
from bench.service_client import CLOSED, ONE, OPEN, Load

SERVER_CORE, CLIENT_CORE = 0, 1
TEXTS_A_CALL = 32
CLIENTS = 12
RAMP = 1.0
OVERLOAD = 4
OVERLOAD_TEXTS = 8
BARS = {"share_of_offline": 0.85, "added_ms": 5.0, "overload_p99_seconds": 5.0}


@dataclass(frozen=True)
class Extent:
    """How often service and offline engine take turns, the texts of the latter, and the seconds of each load."""

    rounds: int = 15
    offline_texts: int = 512
    idle: float = 1.5
    closed: float = 5.0
    open: float = 15.0
    overload: float = 60.0


QUICK = Extent(rounds=2, offline_texts=200, idle=1.0, closed=3.0, open=3.0, overload=4.0)


def run(out: Path | None = None, quick: bool = False) -> None:
    """Measure, print the table, write the JSON.

    Args:
        out: Folder of the JSON; None: `bench/results/`.
        quick: Everything short; shows that it runs.

    Raises:
        UsageError: Fewer than two cores.
    """
    if len(os.sched_getaffinity(0)) < 2:
        raise UsageError("bench service needs two cores: one for the server, one for the load")
    extent = QUICK if quick else Extent()
    prefix = ("taskset", "-c", str(SERVER_CORE))
    with (
        LocalServer({"OMP_NUM_THREADS": "1", "SCOPESIFT_LOG_LEVEL": "WARNING"}, prefix=prefix) as server,
        offline_engine() as offline,
    ):
        server.wait()
        parts = _measure(server.port, offline, extent)
        parts["stop_code"] = server.stop()
    result = {
        "quick": quick,
        "pinned": f"server and offline engine each on core {SERVER_CORE}, one thread; load from core {CLIENT_CORE}",
        **parts,
        "bars": BARS,
    }
    path = write_result("service-quick" if quick else "service", result, out)
    sys.stdout.write(markdown(result) + f"\n\n{path}\n")


def _measure(port: int, offline: subprocess.Popen[str], extent: Extent) -> dict[str, Any]:
    _send(Load(port, CLOSED, 2, TEXTS_A_CALL, clients=CLIENTS))  # warm
    rounds = [_round(port, offline, extent) for _ in range(extent.rounds)]
    idle = _middle(rounds, "idle", "median_seconds")
    closed = _middle(rounds, "closed", "texts_per_second")
    capacity = closed["texts_per_second"]
    opened = {
        f"{share:.0%} of capacity": summary(
            _send(Load(port, OPEN, extent.open, OVERLOAD_TEXTS, rate=share * capacity / OVERLOAD_TEXTS)),
            OVERLOAD_TEXTS,
        )
        for share in (0.5, 0.8)
    }
    rate = OVERLOAD * capacity / OVERLOAD_TEXTS
    overload = summary(_send(Load(port, OPEN, extent.overload, OVERLOAD_TEXTS, rate=rate)), OVERLOAD_TEXTS)
    after = summary(_send(Load(port, ONE, extent.idle, 1)), 1)
    return {
        "rounds": rounds,
        "offline": _middle(rounds, "offline", "texts_per_second"),
        "idle": idle,
        "added_ms": statistics.median(item["added_ms"] for item in rounds),
        "closed": {"clients": CLIENTS, "texts_a_call": TEXTS_A_CALL, **closed},
        "share_of_offline": statistics.median(item["share_of_offline"] for item in rounds),
        "open": opened,
        "overload": {
            "times_capacity": OVERLOAD,
            "texts_a_call": OVERLOAD_TEXTS,
            "calls_per_second": rate,
            **overload,
        },
        "idle_after_overload": after,
    }


def _round(port: int, offline: subprocess.Popen[str], extent: Extent) -> dict[str, Any]:
    """The engine before and after the service, so that a machine that grows slower or faster meanwhile favours none."""
    before = _ask(offline, extent.offline_texts)
    idle = summary(_send(Load(port, ONE, extent.idle, 1)), 1)
    samples = _send(Load(port, CLOSED, extent.closed, TEXTS_A_CALL, clients=CLIENTS))
    after = _ask(offline, extent.offline_texts)
    alone = {name: (before[name] + after[name]) / 2 for name in before}
    closed = summary(samples, TEXTS_A_CALL)
    closed["texts_per_second"] = steady_rate(samples, TEXTS_A_CALL, RAMP, extent.closed)
    return {
        "offline": alone,
        "idle": idle,
        "closed": closed,
        "added_ms": 1000 * (idle["median_seconds"] - alone["single_seconds"]),
        "share_of_offline": closed["texts_per_second"] / alone["texts_per_second"],
    }


def steady_rate(samples: list[list[float]], texts: int, begin: float, end: float) -> float:
    """Texts answered a second between two moments of a load: without its beginning, when queues fill, and its end.

    Args:
        samples: [sent, seconds, status] of every call.
        texts: Texts a call.
        begin: Seconds since the load began.
        end: The same.
    """
    good = [sent + seconds for sent, seconds, status in samples if status == 200]
    return sum(begin < moment <= end for moment in good) * texts / (end - begin)


def _middle(rounds: list[dict[str, Any]], part: str, by: str) -> dict[str, Any]:
    """The part of the round that is in the middle by one of its numbers."""
    parts: list[dict[str, Any]] = sorted((item[part] for item in rounds), key=lambda item: item[by])
    return parts[len(parts) // 2]


def summary(samples: list[list[float]], texts: int) -> dict[str, Any]:
    """Rates and percentiles of one load.

    Args:
        samples: [sent, seconds, status] of every call.
        texts: Texts a call.
    """
    statuses: dict[str, int] = {}
    for _, _, status in samples:
        statuses[str(int(status))] = statuses.get(str(int(status)), 0) + 1
    good = sorted(seconds for _, seconds, status in samples if status == 200)
    if not good:
        raise RuntimeError(f"no call was answered with 200, statuses {statuses}: nothing was timed")
    end = max(sent + seconds for sent, seconds, status in samples if status == 200)
    return {
        "calls": len(samples),
        "statuses": statuses,
        "texts_per_second": len(good) * texts / end,
        "median_seconds": statistics.median(good),
        "p99_seconds": good[min(len(good) - 1, int(0.99 * len(good)))],
        "slowest_seconds": good[-1],
    }


def markdown(result: dict[str, Any]) -> str:
    """The table."""
    idle, closed, overload = result["idle"], result["closed"], result["overload"]
    rows = [
        (
            "offline engine",
            f"{result['offline']['texts_per_second']:.0f}",
            _ms(result["offline"]["single_seconds"]),
            "",
        ),
        (
            "service, one call at a time",
            f"{idle['texts_per_second']:.0f}",
            _ms(idle["median_seconds"]),
            _ms(idle["p99_seconds"]),
        ),
        (
            "service, saturated",
            f"{closed['texts_per_second']:.0f}",
            _ms(closed["median_seconds"]),
            _ms(closed["p99_seconds"]),
        ),
    ]
    rows += [
        (
            f"open load, {name}",
            f"{item['texts_per_second']:.0f}",
            _ms(item["median_seconds"]),
            _ms(item["p99_seconds"]),
        )
        for name, item in result["open"].items()
    ]
    said = ", ".join(f"{count} x {status}" for status, count in sorted(overload["statuses"].items()))
    name = f"overload, {overload['times_capacity']}x capacity ({said})"
    rows.append(
        (
            name,
            f"{overload['texts_per_second']:.0f}",
            _ms(overload["median_seconds"]),
            _ms(overload["p99_seconds"]),
        )
    )
    after = result["idle_after_overload"]
    rows.append(
        (
            "one at a time, afterwards",
            f"{after['texts_per_second']:.0f}",
            _ms(after["median_seconds"]),
            _ms(after["p99_seconds"]),
        )
    )
    lines = [
        "| | texts/s | median ms | p99 ms |",
        "| --- | --- | --- | --- |",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    shares = ", ".join(f"{item['share_of_offline']:.0%}" for item in result["rounds"])
    lines.append(
        f"\nMedians of {len(result['rounds'])} rounds ({shares} of the offline rate). "
        f"Saturated: {result['share_of_offline']:.1%} of the offline rate (bar {BARS['share_of_offline']:.0%}). "
        f"Idle: {result['added_ms']:+.1f} ms over the engine (bar {BARS['added_ms']:.0f} ms)."
    )
    return "\n".join(lines)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"


@contextmanager
def offline_engine() -> Iterator[subprocess.Popen[str]]:
    """The engine without a service, on the server's core, waiting to be asked."""
    command = [sys.executable, "-m", "bench.service_offline", str(SERVER_CORE)]
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
        raise RuntimeError("the offline engine has no pipes")
    offline.stdin.write(f"{texts}\n")
    offline.stdin.flush()
    found: dict[str, float] = json.loads(offline.stdout.readline())
    return found


def _send(load: Load) -> list[list[float]]:
    samples: list[list[float]] = json.loads(_client(replace(load, core=CLIENT_CORE).to_json()))
    return samples


def _client(load: str) -> str:
    command = [sys.executable, "-m", "bench.service_client"]
    done = subprocess.run(command, input=load, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return done.stdout
