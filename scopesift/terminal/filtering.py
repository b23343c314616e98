"""What `scopesift filter` shows: a progress bar, and with --profile where the time went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich import box
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from scopesift_files.counted import counted
from scopesift_filtering.engines.profile import MODEL, WAITING, Profile
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


def profile_table(profile: Profile, tally: Tally) -> Table:
    """Seconds of each part, and its share of the time of its kind of thread."""
    table = Table(box=box.SIMPLE, title=f"where {tally.seconds:,.1f} s went", title_justify="left")
    table.add_column("threads")
    table.add_column("part")
    for name in ("share", "seconds", "on a core", "tokens/s"):
        table.add_column(name, justify="right")
    kind = ""
    for part in profile.times():
        rate = tally.new_tokens / part.seconds if part.kind == MODEL and part.part != WAITING else None
        table.add_row(
            "" if part.kind == kind else part.kind,
            part.part,
            f"{part.share:.1%}",
            f"{part.seconds:,.2f}",
            f"{part.cpu_seconds:,.2f}",
            "" if not rate else f"{rate:,.0f}",
        )
        kind = part.kind
    return table
