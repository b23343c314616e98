"""The command line: `scopesift classify`, `fit`, `evaluate`, `explain`, `transfer`, `scopes`."""

from __future__ import annotations

import os
import sys

import typer
from scopesift_files.errors import ScopesiftError, UsageError

from scopesift.commands import (
    classify,
    evaluate,
    explain,
    export_onnx,
    filter,
    fit,
    reproduce,
    scopes,
    serve,
    transfer,
)
from scopesift.commands.terminal import complain

app = typer.Typer(
    name="scopesift",
    help="Text classifiers without gradient descent: selected features of sparse autoencoders, with evidence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)
app.command()(classify.classify)
app.command()(fit.fit)
app.command()(evaluate.evaluate)
app.command()(explain.explain)
app.command()(transfer.transfer)
app.command()(reproduce.reproduce)
app.command("filter")(filter.filter_rows)
app.command()(export_onnx.export_onnx)
app.command()(serve.serve)
app.add_typer(scopes.app, name="scopes")


def main() -> None:
    """Run the command line; a failure is one line on stderr, exit code 2 for bad usage and 1 for the rest."""
    try:
        app()
    except UsageError as error:
        complain(str(error))
        sys.exit(2)
    except ScopesiftError as error:
        complain(str(error))
        sys.exit(1)
    except BrokenPipeError:
        # the reader went away (`| head`); what it wanted it has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main()
