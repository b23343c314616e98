"""A command whose texts and files may begin with a dash, and that says how when one is taken for an option."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class DashAware(TyperCommand):
    """Names `--` where an argument that begins with a dash is no option of the command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Sort out options and arguments."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            # typer has the exception from click, or from a copy of its own, by version
            name = getattr(error, "option_name", None)
            if type(error).__name__ == "NoSuchOption" and name and not getattr(error, "possibilities", None):
                short = not name.startswith("--")
                whole = next((one for one in given if _holds(one, name, short)), name)
                error.message += (  # type: ignore[attr-defined]
                    f'. If "{whole}" is a text or a file, put -- before it: {ctx.command_path} … -- "{whole}"'
                )
            raise


def _holds(argument: str, name: str, short: bool) -> bool:
    """Whether an argument is where an option was read: short ones stand together, as in -xyz."""
    if short:
        return argument.startswith("-") and not argument.startswith("--") and name[1:] in argument
    return argument.startswith(name)
