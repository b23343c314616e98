"""`scopesift steer PROMPT …` and `scopesift steer export FILE`."""

from __future__ import annotations

from typing import Any

import typer

from scopesift.commands.generating import export, generate
from scopesift.terminal.flags import PlainCommand, PlainGroup

GENERATE = "generate"


class SteerGroup(PlainGroup):
    """A group whose first argument is a prompt unless it is the name of a subcommand."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default subcommand before what isn't one."""
        helps = args[:1] in (["--help"], ["-h"])
        if args and args[0] not in self.commands and not helps:
            args = [GENERATE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=SteerGroup,
    no_args_is_help=True,
    help="Continue prompts with features boosted, clamped or suppressed, and measure what that does.",
)
app.command(GENERATE, cls=PlainCommand)(generate.generate)
app.command("export", cls=PlainCommand)(export.export)
