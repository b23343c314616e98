"""Combining marks that belong to no orthography, such as strokes through letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from scopesift_features.restoring.alphabets import LETTER
from scopesift_features.restoring.edit import Edit

MARKS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20dc\u20e5-\u20f0\ufe20-\ufe2f]"
"""Unicode's script-independent blocks of combining marks, without enclosing ones (keycaps)."""
_MARKED = re.compile(f"({LETTER}){MARKS}+")
LEAST = 3
"""Minimum number of such letters in a text: some languages have accented letters without a composed form."""


def without_marks(text: str) -> Iterator[Edit]:
    """Delete combining marks, if the text has several letters with marks that NFC doesn't compose.

    Precomposed accented letters are kept.
    """
    if text.isascii():
        return
    marked = list(_MARKED.finditer(text))
    if sum(len(unicodedata.normalize("NFC", one[0])) > 1 for one in marked) >= LEAST:
        yield from (Edit(one.end(1), one.end(), "") for one in marked)
