"""Letters repeated three times or more: "stuuupid"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scopesift_features.restoring.alphabets import LETTER
from scopesift_features.restoring.edit import Edit

_RUN = re.compile(rf"({LETTER})\1{{2,}}", re.IGNORECASE)
_LETTER = re.compile(LETTER)
MANY = 3
"""Minimum number of runs in words for shortening words of a single repeated letter as well."""


def shortened(text: str) -> Iterator[Edit]:
    """Shorten runs of one letter, except words of a single repeated letter such as "www" and "III".

    A run becomes one letter, or two if it is at least twice as long as the text's shortest run ("ee" repeated).
    """
    runs = list(_RUN.finditer(text))
    inside = [run for run in runs if _beside_letter(text, *run.span())]
    if not inside:
        return
    unit = min(len(run[0]) for run in inside)
    for run in runs if len(inside) >= MANY else inside:
        yield Edit(*run.span(), run[0][: min(2, len(run[0]) // unit)])


def _beside_letter(text: str, start: int, end: int) -> bool:
    return bool(_LETTER.match(text, end) or (start and _LETTER.match(text, start - 1)))
