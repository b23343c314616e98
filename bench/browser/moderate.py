"""`python -m bench moderate`: how long the moderator's page takes to sort and filter 5,000 texts, and its memory."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil  # type: ignore[import-untyped]
from scopesift_service.http import paths
from scopesift_service.local_server import LocalServer

from bench.browser.chromium import Chromium, find_chromium
from bench.errors import BenchError
from bench.markdown import markdown
from bench.results_file import write_result
from bench.service.texts import post_texts

TEXTS, ROUNDS = 5000, 9
BAR_MS, BAR_MIB = 100, 300
PATIENCE = 600
SCOPE = "nano"
# what a person does: a field of the page, and the values that it gets in turn
ACTIONS = {
    "sort by score": ("order", ("lowest", "highest")),
    "sort by nearness to the threshold": ("order", ("nearest", "highest")),
    "sort by language": ("order", ("language", "highest")),
    "filter by language": ("filter-language", ("de", "")),
    "filter by verdict": ("filter-flagged", ("not flagged", "")),
    "filter by score": ("filter-from", ("0.2", "0")),
    "filter by words": ("filter-words", ("the", "")),
    "move the threshold": ("cut", ("0.3", "0.6")),
}
# [script and layout, until the next frame has been drawn], ms from the event on
TIMED = """((id, value) => new Promise((done) => {
  const field = at(id);
  field.value = value;
  const began = performance.now();
  field.dispatchEvent(new Event(field.tagName === 'INPUT' ? 'input' : 'change'));
  document.body.offsetHeight;
  const worked = performance.now() - began;
  requestAnimationFrame(() => setTimeout(() => done([worked, performance.now() - began])));
}))"""


def run(out: Path | None = None) -> None:
    """Serve nano, give the page its texts, measure, print the table, write the JSON.

    Args:
        out: Folder of the JSON; None: `bench/results/`.

    Raises:
        BenchError: No Chromium, or a page that doesn't get ready.
    """
    if find_chromium() is None:
        raise BenchError("no Chromium on this machine; install chromium or google-chrome")
    with LocalServer({"SCOPESIFT_SCOPE": SCOPE}) as server, tempfile.TemporaryDirectory() as profile:
        server.wait()
        browser = Chromium(Path(profile))
        try:
            result = {"scope": SCOPE, "texts": TEXTS, "rounds": ROUNDS, "bar_ms": BAR_MS, "bar_mib": BAR_MIB}
            result |= _measured(browser, server.url + paths.MODERATE)
        finally:
            browser.close()
    path = write_result("moderate", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    rows = []
    for name, times in result["ms"].items():
        worked, drawn = zip(*times, strict=True)
        rows.append(
            [name, *(f"{value:.0f}" for value in (median(worked), max(worked), median(drawn), max(drawn)))]
        )
    return (
        markdown(["ms", "script and layout", "largest", "until drawn", "largest"], rows)
        + f"\n\n{result['texts']:,} texts, {result['rounds']} rounds; bar: {result['bar_ms']} ms. Memory of the tab's "
        f"process: {result['tab_mib']:.0f} MiB (bar: {result['bar_mib']}), of which JavaScript "
        f"{result['javascript_mib']:.0f} MiB."
    )


def _measured(browser: Chromium, url: str) -> dict[str, Any]:
    browser.show(url)
    browser.until("'loaded' in document.documentElement.dataset")
    browser.run(f"at('paste').value = {json.dumps(chr(10).join(post_texts(TEXTS)))}")
    browser.run("at('paste').dispatchEvent(new Event('input'))")
    browser.run("at('begin').click()")
    began = time.monotonic()
    browser.until(f"queue.rows.filter((row) => row.verdicts).length === {TEXTS}", seconds=PATIENCE)
    seconds = time.monotonic() - began
    ms: dict[str, list[list[float]]] = {name: [] for name in ACTIONS}
    for _ in range(ROUNDS):
        for name, (field, values) in ACTIONS.items():
            ms[name] += [
                browser.run(f"{TIMED}({json.dumps(field)}, {json.dumps(value)})") for value in values
            ]
    heap = browser.send("Runtime.getHeapUsage")["usedSize"]
    return {
        "classified_seconds": seconds,
        "ms": ms,
        "tab_mib": _tab_bytes() / 2**20,
        "javascript_mib": heap / 2**20,
    }


def _tab_bytes() -> int:
    """Memory that the largest renderer below this process shares with no other process, bytes."""
    below = psutil.Process(os.getpid()).children(recursive=True)
    return max(one.memory_full_info().uss for one in below if "--type=renderer" in one.cmdline())
