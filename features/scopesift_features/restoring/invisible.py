"""Invisible characters in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scopesift_features.restoring.alphabets import LETTER
from scopesift_features.restoring.edit import Edit

# soft hyphen, grapheme joiner, Hangul fillers, Khmer inherent vowels, Mongolian separators, zero-width space and
# joiners, directional marks, word joiner and invisible operators, variation selectors, byte order mark, tags
INVISIBLE = (
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
"""Unicode's Default_Ignorable_Code_Point, as a regular expression."""
_INVISIBLE, _LETTER = re.compile(INVISIBLE), re.compile(LETTER)


def without_invisible(text: str) -> Iterator[Edit]:
    """Delete invisible characters next to a letter of an alphabet; emoji and other scripts need theirs."""
    if text.isascii():
        return
    for found in _INVISIBLE.finditer(text):
        start, end = found.span()
        if _LETTER.match(text, end) or (start and _LETTER.match(text, start - 1)):
            yield Edit(start, end, "")
