"""Texts in all capitals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scopesift_features.restoring.edit import Edit
from scopesift_features.restoring.sentence_case import capital_places

LEAST, SHARE = 8, 0.7
LONG = 8
"""Minimum length of words that keep their first capital. Many are names of peoples and places, which cause false
positives in small letters. Chosen on train rows of TextDetox: lower costs recall, none costs false positives."""
_LONG_WORD = re.compile(rf"[^\W\d_]{{{LONG},}}")


def lowered(text: str) -> Iterator[Edit]:
    """Lower the capitals of a text with at least `LEAST` of them, if their share of its cased letters is above `SHARE`.

    The first letters of sentences and of long words and the English "I" stay capitals.
    """
    capitals = [at for at, character in enumerate(text) if character.isupper()]
    if len(capitals) < LEAST or len(capitals) <= SHARE * (len(capitals) + sum(map(str.islower, text))):
        return
    kept = capital_places(text) | {word.start() for word in _LONG_WORD.finditer(text)}
    yield from (Edit(at, at + 1, text[at].lower()) for at in capitals if at not in kept)
