"""`python -m bench classify`: latency of the command in new processes, including start-up."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bench.errors import BenchError
from bench.results_file import write_result

SENTENCE = "You are such a stupid idiot, shut your mouth."
PLAIN = "the train to the city was late again and nobody told us why it had stopped"
TEXTS = 1000
RUNS = 5


def run(out: Path | None = None) -> None:
    """Time `scopesift classify` of one sentence and of 1,000 short texts, and print the medians.

    Args:
        out: Folder for the JSON; None: `bench/results/`.
    """
    words = PLAIN.split()
    short = "\n".join(
        " ".join(words[(at + step) % len(words)] for step in range(5 + at % 20)) for at in range(TEXTS)
    )
    cases = {
        "one sentence": ([SENTENCE], ""),
        f"{TEXTS} short texts": (["-"], short + "\n"),
    }
    seconds = {
        name: [_seconds(arguments, stdin) for _ in range(RUNS)] for name, (arguments, stdin) in cases.items()
    }
    table = Table("case", "median s", "fastest s", "slowest s", box=box.SIMPLE_HEAD)
    for name, times in seconds.items():
        table.add_row(name, *(f"{value:.2f}" for value in (statistics.median(times), min(times), max(times))))
    Console().print(table)
    write_result("classify", {"runs": RUNS, "seconds": seconds}, out)


def _seconds(arguments: list[str], stdin: str) -> float:
    command = [sys.executable, "-m", "scopesift.cli", "classify", *arguments, "--json"]
    started = time.perf_counter()
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=True)  # noqa: S603
    elapsed = time.perf_counter() - started
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    expected = max(1, stdin.count("\n"))
    if len(answers) != expected:
        raise BenchError(f"expected {expected} answers, got {len(answers)}: nothing was timed")
    return elapsed
