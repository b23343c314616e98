"""The progress bar of `scopesift filter`: docs/s, tokens/s, kept share, time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from scopesift_files.counted import counted
from scopesift_filtering.tally import Tally

from scopesift.terminal.streams import messages


@contextmanager
def filtering(total: int | None) -> Iterator[Callable[[Tally], None]]:
    """A progress bar; call the result with the totals after each shard.

    Args:
        total: bytes of the input on disk; None: unknown, so no time left is shown.
    """
    columns = (
        BarColumn(bar_width=10),  # fits a terminal of 80 columns
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("left"),
    )
    with Progress(*columns, console=messages, transient=True) as bar:
        task = bar.add_task("filtering", total=total, told="")

        def update(tally: Tally) -> None:
            told = (
                f"{counted(tally.rows, 'row')}, {tally.docs_per_s:,.0f} docs/s, {tally.tokens_per_s:,.0f} tokens/s, "
                f"{tally.kept_share:.0%} kept"
            )
            bar.update(task, completed=tally.disk_bytes, told=told)

        yield update
