"""Full-width, mathematical, circled and other styled letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from scopesift_features.restoring.edit import Edit

LEAST = 3
"""Minimum number of such letters in a text: single ones are ordinary, such as "ª" and "ℓ"."""


def plain_letters(text: str) -> Iterator[Edit]:
    """Replace characters whose compatibility form (NFKC) is one ASCII letter or digit.

    Others, such as full-width commas and fractions, are ordinary and left to the tokenizer.
    """
    if text.isascii() or unicodedata.is_normalized("NFKC", text):
        return
    found = [
        Edit(at, at + 1, plain)
        for at, character in enumerate(text)
        if character > "\x7f"
        and len(plain := unicodedata.normalize("NFKC", character)) == 1
        and plain.isascii()
        and plain.isalnum()
    ]
    if sum(edit.text.isalpha() for edit in found) >= LEAST:
        yield from found
