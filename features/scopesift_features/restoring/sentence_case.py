"""Places that have a capital in sentence case."""

from __future__ import annotations

import re

_CAPITAL = re.compile(r"(?:^|[.!?]\s{1,4})\W{0,4}\w|(?<![\w'’])[I1](?![\w])")


def capital_places(text: str) -> set[int]:
    """Offsets of the first character of every sentence, and of the English "I" (or a "1" in its place)."""
    return {found.end() - 1 for found in _CAPITAL.finditer(text)}
