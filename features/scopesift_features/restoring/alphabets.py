"""The alphabets that the rules apply to.

Indic scripts, Arabic, Hebrew, Thai and others need combining marks and joiners; no rule changes them.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

LETTER = "[A-Za-zÀ-ÖØ-öø-ɏͰ-ϿЀ-ԯԱ-Ֆա-ևႠ-ჿᲐ-ᲿḀ-῿]"
"""Regular expression of a letter of Latin, Greek, Cyrillic, Armenian or Georgian."""
LATIN, GREEK, CYRILLIC = "LATIN", "GREEK", "CYRILLIC"


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """The script of a letter, "LATIN", "CYRILLIC", …: the first word of its name; "" if it has none."""
    return unicodedata.name(letter, "").partition(" ")[0]
