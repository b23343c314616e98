"""The command line: `scopesift classify`, `fit`, `evaluate`, `explain`, `transfer`, `steer`, `scopes` and others."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from scopesift_files.errors import ScopesiftError, UsageError

from scopesift import __version__
from scopesift.commands import (
    card,
    classify,
    evaluate,
    explain,
    export_onnx,
    filter,
    fit,
    overlap,
    recut,
    reproduce,
    scopes,
    serve,
    transfer,
)
from scopesift.commands.generating import steer, trace
from scopesift.terminal.dashes import DashAware
from scopesift.terminal.flags import PlainCommand, PlainGroup
from scopesift.terminal.streams import complain

app = typer.Typer(
    cls=PlainGroup,
    name="scopesift",
    help="Text classifiers without gradient descent: selected features of sparse autoencoders, with evidence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)
app.command(cls=DashAware)(classify.classify)
app.command(cls=DashAware)(fit.fit)
app.command(cls=DashAware)(evaluate.evaluate)
app.command(cls=DashAware)(explain.explain)
app.command(cls=DashAware)(transfer.transfer)
app.command(cls=DashAware)(recut.recut)
app.command(cls=DashAware)(card.card)
app.command(cls=DashAware)(overlap.overlap)
app.command(cls=DashAware)(reproduce.reproduce)
app.command("filter", cls=DashAware)(filter.filter_rows)
app.command(cls=DashAware)(export_onnx.export_onnx)
app.command(cls=PlainCommand)(serve.serve)
app.add_typer(scopes.app, name="scopes")
app.add_typer(steer.app, name="steer")
app.command(cls=DashAware)(trace.trace)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"scopesift {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command line; errors are one line on stderr, exit code 2 for bad usage, else 1."""
    try:
        app()
    except UsageError as error:
        complain(str(error))
        sys.exit(2)
    except ScopesiftError as error:
        complain(str(error))
        sys.exit(1)
    except BrokenPipeError:
        # the reader closed the pipe (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main()
