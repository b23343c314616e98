"""A progress bar on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn


@contextmanager
def progress_bar(name: str, total: float) -> Iterator[Callable[[float, str], None]]:
    """Show a bar while the block runs.

    Args:
        name: Description.
        total: Total amount.

    Yields:
        A function that takes the additional progress and a note.
    """
    columns = (
        TextColumn(name),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total, note="")
        yield lambda done, note: bar.update(task, advance=done, note=note)
