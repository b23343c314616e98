"""Output streams: data on stdout, progress and messages on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

REJECTED = 3  # exit code: finished, but some rows could not be read
messages = Console(stderr=True)
output = Console()


def complain(line: str) -> None:
    """Print an error line."""
    _print_line("error: " + " ".join(line.split()), "red")


def say(line: str) -> None:
    """Print a progress message, on one line in a file too."""
    _print_line(line, "dim")


def _print_line(line: str, style: str) -> None:
    """Print a line; in a terminal it is broken between words, and a path longer than the terminal stays whole."""
    whole = not messages.is_terminal
    messages.print(
        line, style=style, markup=False, highlight=False, soft_wrap=whole, overflow="ignore", crop=False
    )


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object on one line; lone surrogates are escaped, everything else is readable."""
    line = json.dumps(record, ensure_ascii=False)
    try:
        sys.stdout.write(line + "\n")
    except UnicodeEncodeError:
        sys.stdout.write(json.dumps(record) + "\n")


@contextmanager
def reading(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar for texts; call the result with (done, total)."""
    with _progress() as bar:
        yield _task(bar, what)


@contextmanager
def reading_then(
    what: str, after: str
) -> Iterator[tuple[Callable[[int, int], None], Callable[[int, int], None]]]:
    """Two progress bars, of which the second appears when its work begins."""
    with _progress() as bar:
        yield _task(bar, what), _task(bar, after, visible=False)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=messages, transient=True)


def _task(bar: Progress, what: str, *, visible: bool = True) -> Callable[[int, int], None]:
    task = bar.add_task(what, total=None, visible=visible)

    def update(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total, visible=True)

    return update
