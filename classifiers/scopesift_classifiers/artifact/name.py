"""What a classifier may be called: its answers are filed under its name, beside fields of our own."""

from __future__ import annotations

from scopesift_files.errors import UsageError

RESERVED = frozenset({"text", "error", "scope", "classifiers", "lang", "chars", "tokens", "scopesift"})
"""What `classify --json` and the service put beside the answers, and `filter` beside its columns."""
LONGEST = 64


def check_name(name: str) -> str:
    """The name, if a classifier may have it.

    Raises:
        UsageError: It is reserved, in any case, since Perspective's attributes and SQL's columns have none; or it is
            empty, too long, or cannot be part of a path.
    """
    if name.casefold() in RESERVED:
        raise UsageError(
            f"a classifier cannot be called {name!r}, its answers would overwrite a field of that name; "
            f"choose a name other than {', '.join(sorted(RESERVED))}"
        )
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= LONGEST:
        raise UsageError(
            f"a classifier's name has 1 to {LONGEST} printable characters and no space around them, got {name!r}; "
            "choose a word such as toxicity"
        )
    if "/" in name or "\\" in name or name[0] in ".-":
        raise UsageError(
            f"a classifier's name is part of paths and addresses, so it has no slash and begins with no dot or dash, "
            f"got {name!r}; choose a word such as toxicity"
        )
    return name
