"""`python -m bench fit`: time and memory of fitting, given the document features."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.results_file import write_result

FEW, MANY = 10_000, 1_000_000
QUICK = 1_000
CLASSES = 16
COLUMNS = ("read_s", "read_again_s", "fit_s", "before_mb", "peak_mb", "features", "dev")


def run(
    out: Path | None = None,
    quick: bool = False,
    data: Path | None = None,
    label: str = "label",
    positive: str = "toxic",
    million: bool = False,
) -> None:
    """Time fits in separate processes and print the results.

    Args:
        out: Folder for the JSON; None: `bench/results/`.
        quick: A tenth of the documents, as a smoke test.
        data: A labelled file to read and fit with nano; None: only synthetic document features of nano's shape.
        label: Its label column.
        positive: The positive label of two.
        million: Fit a million synthetic documents too, streamed as from the feature cache.
    """
    few = QUICK if quick else FEW
    cases: dict[str, tuple[str, list[Any]]] = {
        f"{few:,} synthetic documents, two labels, linear": ("synthetic", [few, 2, "linear", "memory"]),
        f"{few:,} synthetic documents, two labels, greedy": ("synthetic", [few, 2, "greedy", "memory"]),
        f"{few:,} synthetic documents, two labels, paper": ("synthetic", [few, 2, "paper", "memory"]),
        f"{few:,} synthetic documents, {CLASSES} labels, linear": (
            "synthetic",
            [few, CLASSES, "linear", "memory"],
        ),
        f"{few:,} synthetic documents, {CLASSES} labels, log-odds": (
            "synthetic",
            [few, CLASSES, "log-odds", "memory"],
        ),
    }
    if data is not None:
        cases[f"{few:,} documents of {data.name}"] = ("real", [str(data), few, label, positive, "auto"])
    if million:
        many = 10 * few if quick else MANY
        cases[f"{many:,} synthetic documents from disk, two labels, greedy"] = (
            "synthetic",
            [many, 2, "greedy", "disk"],
        )
        cases[f"{many:,} synthetic documents from disk, two labels, linear"] = (
            "synthetic",
            [many, 2, "linear", "disk"],
        )
        cases[f"{many:,} synthetic documents from disk, {CLASSES} labels, log-odds"] = (
            "synthetic",
            [many, CLASSES, "log-odds", "disk"],
        )
    found = {name: _case(kind, arguments) for name, (kind, arguments) in cases.items()}
    table = Table("case", *COLUMNS, box=box.SIMPLE_HEAD)
    for name, numbers in found.items():
        table.add_row(name, *(_shown(numbers.get(column)) for column in COLUMNS))
    # fixed width, independent of the terminal, for logs
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    write_result("fit", {"cases": found}, out)


def _case(kind: str, arguments: list[Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.fit.case", json.dumps([kind, arguments])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _shown(value: Any) -> str:
    return "–" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
