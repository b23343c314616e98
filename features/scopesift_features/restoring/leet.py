"""Leetspeak: digits and symbols as letters, such as "b1tch" and "a$$hole"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scopesift_features.restoring.edit import Edit
from scopesift_features.restoring.sentence_case import capital_places

LETTERS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
LONGEST = 60
"""Characters of a word; a limit keeps the time proportional to the text's length."""
_LATIN = "[A-Za-zÀ-ÖØ-öø-ɏ]"
_WORD = re.compile(rf"(?<![\w@$!.:#])(?:{_LATIN}|['’0-9@$!]){{1,{LONGEST}}}(?![\w@/]|[.:]\w)")
_ADDRESS = re.compile(r"(?<!\S)\S*(?:://|www\.)\S*", re.IGNORECASE)
_INSIDE = re.compile(rf"{_LATIN}[013457@$!]{{1,2}}{_LATIN}")
_EDGE = re.compile(rf"{_LATIN}['’]?[013457@$]|[013457$]['’]?{_LATIN}")
_DIGITS = re.compile("[013457]+(?:['’][013457]+)?")
_OTHER = re.compile("[2689]")
MANY, SHARE = 3, 0.25
"""Minimum number and share of words with letters and such digits from which on digits at the edges of words ("5h17")
and words of digits ("4") are letters as well; in other texts these are ordinary ("4th", "mp3")."""


def as_letters(text: str) -> Iterator[Edit]:
    """Replace digits and symbols in words of Latin script by letters, except in addresses of pages."""
    if not _EDGE.search(text):
        return
    without_addresses = _ADDRESS.sub(lambda address: " " * len(address[0]), text)
    words = [word for word in _WORD.finditer(without_addresses) if not _OTHER.search(word[0])]
    mixed = sum(_EDGE.search(word[0]) is not None for word in words)
    everywhere = mixed >= max(MANY, SHARE * len(words))
    starts = capital_places(text)
    for word in words:
        if not (
            _INSIDE.search(word[0]) or (everywhere and (_EDGE.search(word[0]) or _DIGITS.fullmatch(word[0])))
        ):
            continue
        body = word[0].rstrip("!")
        capitals = sum(map(str.isupper, body)) > max(1, sum(map(str.islower, body)))
        for at, character in enumerate(body, word.start()):
            new = LETTERS.get(character)
            if new is not None:
                yield Edit(at, at + 1, new.upper() if capitals or at in starts else new)
