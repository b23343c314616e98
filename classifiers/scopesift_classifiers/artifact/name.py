"""Valid names of classifiers, which are keys in answers beside other fields."""

from __future__ import annotations

from scopesift_files.errors import UsageError

RESERVED = frozenset({"text", "error", "scope", "classifiers", "lang", "chars", "tokens", "scopesift"})
"""Other keys in answers of `classify --json` and the service, and other columns of `filter`."""
LONGEST = 64


def check_name(name: str) -> str:
    """Check a name and return it.

    Raises:
        UsageError: It is reserved (case-insensitive, as Perspective's attributes and SQL's columns are), empty, too
            long, or can't be part of a path.
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
