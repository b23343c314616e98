"""`python -m bench service-memory`: memory of the service's processes, when ready and after texts of every length."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from scopesift_features.catalogue.table import DEFAULT_SCOPE
from scopesift_service.http import paths
from scopesift_service.local_server import LocalServer

from bench.markdown import markdown
from bench.results_file import write_result
from bench.service.texts import post_texts

TEXTS, A_CALL = 2000, 32
LONGEST = "long words here " * 1270  # about SCOPESIFT_MAX_CHARACTERS
BAR_MIB = 900
ENGINE, HTTP, SUPERVISOR = "engine", "HTTP", "supervisor"


def run(out: Path | None = None) -> None:
    """Serve the default scope, send texts, read peak memory, print the table, write the JSON.

    Args:
        out: Folder of the JSON; None: `bench/results/`.
    """
    with LocalServer({"SCOPESIFT_SCOPE": DEFAULT_SCOPE}) as server:
        server.wait(600)
        ready = _resident(server)
        for texts in _calls():
            _ask(server.url + paths.CLASSIFY, texts)
        after, peak = _resident(server), _peak(server)
    result = {
        "scope": DEFAULT_SCOPE,
        "texts": TEXTS + 1,
        "ready_mib": ready,
        "after_mib": after,
        "engine_peak_mib": peak,
        "bar_mib": BAR_MIB,
    }
    path = write_result("service-memory", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    rows = [
        [f"{name} process", f"{result['ready_mib'][name]:,}", f"{result['after_mib'][name]:,}"]
        for name in (ENGINE, HTTP, SUPERVISOR)
    ]
    return (
        markdown(["resident, MiB", "ready", f"after {result['texts']:,} texts"], rows)
        + f"\n\nPeak of the engine process: {result['engine_peak_mib']:,} MiB (bar: {result['bar_mib']}); the last "
        "text is as long as a text may be."
    )


def _calls() -> Iterator[list[str]]:
    texts = post_texts(TEXTS, seed=3)
    for begin in range(0, TEXTS, A_CALL):
        yield texts[begin : begin + A_CALL]
    yield [LONGEST]


def _ask(url: str, texts: list[str]) -> None:
    """POST, repeated on 429."""
    body = json.dumps({"texts": texts}).encode()
    while True:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310
                answer.read()
                return
        except urllib.error.HTTPError as error:
            if error.code != 429:
                raise
            time.sleep(float(error.headers["retry-after"]))


def _processes(server: LocalServer) -> dict[str, psutil.Process]:
    root = psutil.Process(server.process.pid)
    found = {SUPERVISOR: root}
    for process in root.children(recursive=True):
        if "ScopesiftEngine" in process.cmdline():
            found[ENGINE] = process
        elif "Moderation" in " ".join(process.cmdline()):
            found[HTTP] = process
    return found


def _resident(server: LocalServer) -> dict[str, int]:
    return {name: process.memory_info().rss >> 20 for name, process in _processes(server).items()}


def _peak(server: LocalServer) -> int:
    """The engine's largest resident size so far, MiB; the current size if the system has no peak."""
    engine = _processes(server)[ENGINE]
    status = Path(f"/proc/{engine.pid}/status")
    if status.is_file():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) >> 10
    return int(engine.memory_info().rss >> 20)
