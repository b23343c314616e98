"""Splitting a text where its language may change: at sentences, clauses, scripts, and every few words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MOST_WORDS = 8
MOST_CHARACTERS = 48
ONE_SCRIPT = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "KATAKANA-HIRAGANA": "CJK", "FULLWIDTH": "LATIN"}
"""Scripts that occur together in one language."""

_CLAUSE_END = re.compile(
    "[.!?…,;:]+[\"'”’»)\\]]*\\s+"  # ends a clause only before a blank: 3.5 and 12:30 are not split
    "|[。！？；：，、،؛؟।]+[”’」』）]*\\s*"
    "|\\n+"
    '|\\s+(?=["“«(\\[–—])'
)
_WORD_END = re.compile(r"\s+")


def segments(text: str) -> list[tuple[int, int]]:
    """Adjacent character ranges (start, end) that cover the text; none for an empty one."""
    cuts = {match.end() for match in _CLAUSE_END.finditer(text)} | set(_script_changes(text))
    found = []
    begin = 0
    for end in [*sorted(cuts - {0, len(text)}), len(text)]:
        found += _pieces(text, begin, end)
        begin = end
    return found


def letters(text: str) -> int:
    """Number of letters in a text, without digits, marks and emoji."""
    return sum(character.isalpha() for character in text)


def _script_changes(text: str) -> list[int]:
    """Starts of words in another script, with opening marks, without blanks before them."""
    changes, script, after_blank = [], "", 0
    for place, character in enumerate(text):
        if character.isspace():
            after_blank = place + 1
        elif character.isalpha():
            own = _script(character)
            if script and own != script:
                changes.append(after_blank)
            script, after_blank = own, place + 1
    return changes


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "UNKNOWN").split(maxsplit=1)[0]
    return ONE_SCRIPT.get(name, name)


def _pieces(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    """A clause in pieces of a few words, or of some characters if it has no blanks."""
    if begin == end:
        return []
    words = [match.end() for match in _WORD_END.finditer(text, begin, end)]
    words = [place for place in words if place < end]
    if len(words) >= MOST_WORDS:
        places = [*words, end]
    elif end - begin > MOST_CHARACTERS and len(words) < (end - begin) // MOST_CHARACTERS:
        places = list(range(begin + 1, end + 1))
    else:
        return [(begin, end)]
    most = MOST_WORDS if len(words) >= MOST_WORDS else MOST_CHARACTERS
    count = -(-len(places) // most)
    ends = [places[(part + 1) * len(places) // count - 1] for part in range(count)]
    return list(zip([begin, *ends[:-1]], ends, strict=True))
