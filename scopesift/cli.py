"""The command line: `scopesift classify`, `fit`, `evaluate`, `explain`, `transfer`, `steer`, `scopes` and others."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from scopesift_files.errors import ScopesiftError, UsageError

from scopesift import __version__
from scopesift.command_table import MARKUP, CommandTable
from scopesift.missing_package import install_line

app = typer.Typer(
    cls=CommandTable,
    name="scopesift",
    help="Text classifiers without gradient descent: selected features of sparse autoencoders, with evidence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=MARKUP,
)


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
        _complain(str(error))
        sys.exit(2)
    except ScopesiftError as error:
        _complain(str(error))
        sys.exit(1)
    except ModuleNotFoundError as error:
        line = install_line(error)
        if line is None:
            raise
        _complain(line)
        sys.exit(2)
    except BrokenPipeError:
        # the reader closed the pipe (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        _complain("interrupted")
        sys.exit(130)


def _complain(line: str) -> None:
    from scopesift.terminal.streams import complain

    complain(line)


if __name__ == "__main__":
    main()
