"""Commands whose error for an unknown option mentions `--`, for texts and files that begin with a dash."""

from __future__ import annotations

from typing import Any

from scopesift.terminal.flags import PlainCommand


class DashAware(PlainCommand):
    """Adds a hint at `--` to the error for an unknown option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse options and arguments."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            # depending on its version, typer raises click's exception or its own copy
            name = getattr(error, "option_name", None)
            if type(error).__name__ == "NoSuchOption" and name and not getattr(error, "possibilities", None):
                short = not name.startswith("--")
                whole = next((one for one in given if _holds(one, name, short)), name)
                error.message += (  # type: ignore[attr-defined]
                    f'. If "{whole}" is a text or a file, put -- before it: {ctx.command_path} … -- "{whole}"'
                )
            raise


def _holds(argument: str, name: str, short: bool) -> bool:
    """Whether an option was read from an argument; short ones may be combined, as in -xyz."""
    if short:
        return argument.startswith("-") and not argument.startswith("--") and name[1:] in argument
    return argument.startswith(name)
