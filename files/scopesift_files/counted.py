"""Numbers with nouns for messages: "1 row", "2 rows"."""

from __future__ import annotations


def counted(n: int, thing: str) -> str:
    """A number with its noun.

    Args:
        n: How many.
        thing: The noun in the singular, such as "row", "unlabelled text" or "language"; its plural must end in "s".
    """
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
