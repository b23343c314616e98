"""A name that is probably meant where another was asked for."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache

MOST_NAMES = 64
"""Names that are looked at: a row may have any number."""
LIKE_ENOUGH = 0.8
"""Share of letters in common, in order, from which on a name is near: "labels" and "lable" are to "label"."""


@lru_cache  # every row of a file asks the same
def near_name(wanted: str, names: tuple[str, ...]) -> str | None:
    """The name that is nearest to the wanted one; None if none is near.

    Case, white space around it, and `_` or `-` do not count; of the rest most letters must agree.
    """
    likeness = {
        name: SequenceMatcher(None, _plain(wanted), _plain(name)).ratio() for name in names[:MOST_NAMES]
    }
    best = max(likeness, key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= LIKE_ENOUGH else None


def _plain(name: str) -> str:
    return name.strip().strip("\ufeff").casefold().replace("_", "").replace("-", "").replace(" ", "")
