"""Running the stages that a recipe's command line asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import typer
from rich.console import Console

from recipes.sae.run import UnfinishedError

console = Console(stderr=True)


def say(line: str) -> None:
    """Print a line of progress."""
    console.print(line, highlight=False, soft_wrap=True)


def check_options(data: Path, only: Sequence[str] | None, stages: Sequence[str]) -> None:
    """Refuse a missing folder and unknown stages, before anything is loaded.

    Raises:
        typer.BadParameter: says which.
    """
    unknown = sorted(set(only or ()) - set(stages))
    if unknown:
        raise typer.BadParameter(f"unknown stage {unknown[0]!r}; the stages are {', '.join(stages)}")
    if not data.is_dir():
        raise typer.BadParameter(f"--data {data} is not a folder")


def run_stages(stages: Sequence[tuple[str, Callable[[], None]]], only: Sequence[str] | None) -> None:
    """Run stages in their order.

    Args:
        stages: name and call of each.
        only: those to run; None or empty: all.

    Raises:
        typer.Exit: with code 1 where a time limit stopped a training that the next call continues.
    """
    for name, run in stages:
        if not only or name in only:
            console.rule(name)
            try:
                run()
            except UnfinishedError as unfinished:
                say(f"{name}: {unfinished}")
                raise typer.Exit(1) from None
