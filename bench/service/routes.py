"""`python -m bench service-routes`: latency of every route that classifies, beside that of /v1/classify.

Rounds of one call per route in changing order, on one connection; the difference is the median of those within a
round, so that a machine that gets slower or faster meanwhile doesn't show in it.
"""

from __future__ import annotations

import http.client
import json
import random
import secrets
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.progress import track
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_service.http import paths
from scopesift_service.local_server import LocalServer

from bench.errors import BenchError
from bench.markdown import markdown
from bench.results_file import write_result
from bench.service.texts import post_texts

ROUNDS, QUICK_ROUNDS = 300, 20
WARM_UP = 10
BAR_MS = 1.0
BASE = paths.CLASSIFY
NO_LANGUAGE = " without a language"


def run(out: Path | None = None, quick: bool = False) -> None:
    """Serve the default scope with a state folder, time the routes, print the table, write the JSON.

    Args:
        out: Folder of the JSON; None: `bench/results/`.
        quick: Few rounds.
    """
    with tempfile.TemporaryDirectory() as state:
        settings = {
            "SCOPESIFT_SCOPE": DEFAULT_SCOPE,
            "SCOPESIFT_STATE": state,
            "SCOPESIFT_ADMIN_TOKEN": secrets.token_hex(16),
        }
        with LocalServer(settings) as server:
            server.wait(600)
            seconds = _rounds(server.port, QUICK_ROUNDS if quick else ROUNDS)
    result = {
        "scope": DEFAULT_SCOPE,
        "rounds": len(seconds[BASE]),
        "bar_ms": BAR_MS,
        "routes": {
            name: {
                "median_ms": 1000 * statistics.median(each),
                "added_ms": 1000 * statistics.median(a - b for a, b in zip(each, seconds[BASE], strict=True)),
            }
            for name, each in seconds.items()
        },
    }
    path = write_result("service-routes", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    rows = [
        [f"`{name}`", f"{route['median_ms']:.1f}", "" if name == BASE else f"{route['added_ms']:+.2f}"]
        for name, route in result["routes"].items()
    ]
    return markdown(["route", "median, ms", f"over `{BASE}`, ms"], rows) + (
        f"\n\nMedians of {result['rounds']} rounds with one text a call, the same in all routes of a round; "
        f"bar: at most {result['bar_ms']:g} ms more. `comments:suggestscore` waits until the decision "
        "is on disk, and classifies only if the request names no language."
    )


def bodies(text: str) -> dict[str, Any]:
    """A body for every route that takes one text; a path may be followed by `NO_LANGUAGE`."""
    suggestion = {
        "comment": {"text": text},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
    }
    return {
        paths.CLASSIFY: {"texts": [text]},
        paths.MODERATIONS: {"input": text},
        paths.SUGGEST_SCORE: suggestion | {"languages": ["en"]},
        f"{paths.SUGGEST_SCORE}{NO_LANGUAGE}": suggestion,
        paths.ANALYZE: {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}},
        paths.PREDICT: {"inputs": text},
        paths.LABELS: {"inputs": text},
        paths.CLASSIFIER_PREDICT.format(name="language"): {"inputs": text},
        paths.GUARDRAIL: {"texts": [text], "input_type": "request"},
    }


def _rounds(port: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of every call, by the names of `bodies`, in the order of the rounds."""
    chance = random.Random(0)  # noqa: S311
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    seconds: dict[str, list[float]] = {name: [] for name in bodies("")}
    for number, text in enumerate(track(post_texts(WARM_UP + rounds, seed=5), "timing routes")):
        calls = list(bodies(text).items())
        chance.shuffle(calls)
        for name, body in calls:
            took = _call(connection, name.removesuffix(NO_LANGUAGE), json.dumps(body).encode())
            if number >= WARM_UP:
                seconds[name].append(took)
    connection.close()
    return seconds


def _call(connection: http.client.HTTPConnection, path: str, body: bytes) -> float:
    began = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    took = time.perf_counter() - began
    if answer.status != 200:
        raise BenchError(f"{path} answered {answer.status}: {content[:200].decode(errors='replace')}")
    return took
