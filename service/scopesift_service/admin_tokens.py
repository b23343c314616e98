"""Admin tokens, each with the name of who holds it, which the audit trail and the log show."""

from __future__ import annotations

import re

from scopesift_files.errors import UsageError

UNNAMED = "admin"
"""Stands for the holder of the token that a setting gives without a name."""
SHORTEST_TOKEN = 16
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,31}\Z", re.ASCII)
MAKE_ONE = "make one with `openssl rand -hex 32`"


def named_tokens(setting: str, text: str) -> dict[str, str]:
    """Tokens by name, from `NAME=token,OTHER=token`.

    Args:
        setting: The variable's name, for errors.
        text: Its value; "": none.

    Raises:
        UsageError: Another form, a short token, or a name or token that stands there twice. No token is in the message.
    """
    tokens: dict[str, str] = {}
    for number, part in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        name, equals, token = (piece.strip() for piece in part.partition("="))
        if not equals or not NAME.match(name):
            raise UsageError(
                f"{setting} must be a list such as alice=TOKEN,bob=TOKEN, with names of 1 to 32 letters, digits, '_', "
                f"'.', '@' or '-'; entry {number} is not like that"
            )
        if name == UNNAMED:
            raise UsageError(
                f"{setting} has the name {UNNAMED!r}, which stands for the token without a name; take another"
            )
        if name in tokens:
            raise UsageError(f"{setting} has the name {name!r} twice; give every token a name of its own")
        if token in tokens.values():
            raise UsageError(f"{setting} has the same token for two names; {MAKE_ONE} for each")
        tokens[name] = long_enough(f"{setting}: the token of {name}", token)
    return tokens


def long_enough(what: str, token: str) -> str:
    """The token.

    Args:
        what: What it is called in the error.
        token: The token.

    Raises:
        UsageError: It is too short to be secret.
    """
    if len(token) < SHORTEST_TOKEN:
        raise UsageError(
            f"{what} must have at least {SHORTEST_TOKEN} characters, got {len(token)}; {MAKE_ONE}"
        )
    return token
