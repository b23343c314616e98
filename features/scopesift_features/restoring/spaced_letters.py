"""Words with separators between their letters: "i d i o t", "i.d.i.o.t"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scopesift_features.restoring.alphabets import LETTER
from scopesift_features.restoring.edit import Edit

_MARK = r"[.\-_*~|/·•]"
_SEPARATOR = rf"(?: |{_MARK})"


def _unit(group: int) -> str:
    """A letter, which may be repeated three times or more, or a sign of leetspeak; one group in parentheses."""
    return rf"(?:({LETTER})(?:\{group}{{2,}})?|[013457@$!])"


LONGEST = 200
"""Letters of a run; a limit keeps the time proportional to the text's length."""
_SPACED = re.compile(
    rf"(?<![^\W_])(?<![^\W_]['’]){_unit(1)}({_SEPARATOR}){_unit(3)}(?:\2{_unit(4)}){{1,{LONGEST}}}"
    rf"(?!{LETTER}|{_MARK}{LETTER})",
    re.IGNORECASE,
)
"""At least three units with the same separator; the next word is further away than one separator."""
MOST_INITIALS = 4
MANY = 3
"""Minimum number of runs in a text for runs of mostly digits to be words in leetspeak."""


def joined(text: str) -> Iterator[Edit]:
    """Delete the separators, unless all runs are initials such as "U.S.A."."""
    runs = list(_SPACED.finditer(text))
    if all(map(_initials, runs)):
        return
    for run in runs:
        units = run[0].split(run[2])
        if len(runs) >= MANY or 2 * sum(unit[0].isalpha() for unit in units) >= len(units):
            at = run.start()
            for unit in units[:-1]:
                at += len(unit) + 1
                yield Edit(at - 1, at, "")


def _initials(run: re.Match[str]) -> bool:
    letters = run[0].split(".")
    return run[2] == "." and run[0].isupper() and len(letters) <= MOST_INITIALS
