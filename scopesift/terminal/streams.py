"""Output streams: data on stdout, progress and messages on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

REJECTED = 3  # exit code: finished, but some rows could not be read
messages = Console(stderr=True)
output = Console()


def complain(line: str) -> None:
    """Print an error line."""
    messages.print(
        "error: " + " ".join(line.split()), style="red", markup=False, highlight=False, soft_wrap=True
    )


def say(line: str) -> None:
    """Print a progress message, on one line in a file too."""
    messages.print(line, markup=False, highlight=False, style="dim", soft_wrap=True)


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object on one line; lone surrogates are escaped, everything else is readable."""
    line = json.dumps(record, ensure_ascii=False)
    try:
        sys.stdout.write(line + "\n")
    except UnicodeEncodeError:
        sys.stdout.write(json.dumps(record) + "\n")


def print_aligned(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> None:
    """Print aligned columns, which unlike a rich table's are never truncated to the terminal's width.

    Args:
        rows: Cells; the first row is the header.
        right: Columns that are aligned on the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        aligned = [
            cell.rjust(width) if at in right else cell.ljust(width) for at, (cell, width) in enumerate(cells)
        ]
        sys.stdout.write(" ".join(aligned).rstrip() + "\n")


@contextmanager
def reading(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar for texts; call the result with (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield update
