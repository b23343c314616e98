"""The whole word around a token, for display."""

from __future__ import annotations

import unicodedata

JOINERS = "'’-*@$#!_"
"""Characters inside words: apostrophes, hyphens, and characters that replace letters to evade filters."""
MOST_JOINERS = 3
NO_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x109F),  # Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x303F),  # CJK radicals and punctuation
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31C0, 0x4DBF),  # CJK strokes, Katakana extensions, Han extension A
    (0x4E00, 0x9FFF),  # Han
    (0xF900, 0xFAFF),  # Han, compatibility
    (0xFF66, 0xFF9F),  # Katakana, half width
    (0x20000, 0x3FFFF),  # Han, further extensions
)


def whole_word(text: str, start: int, end: int) -> tuple[int, int]:
    """Extend the span of a token to its word.

    In scripts without spaces between words it is only extended to include combining marks.

    Args:
        text: The text.
        start: Start of the token in characters; blanks at its edges are left out.
        end: Its end, exclusive.

    Returns:
        Start and end of the word; the span itself if it is blank.
    """
    token = text[start:end]
    first, last = start + len(token) - len(token.lstrip()), end - len(token) + len(token.rstrip())
    if first >= last:
        return start, end
    while (before := _grown(text, first, -1)) != first:
        first = before
    while (after := _grown(text, last, 1)) != last:
        last = after
    return first, last


def _grown(text: str, edge: int, step: int) -> int:
    """The edge moved outward by one unit of the word: a character, or joiners with the next character."""
    inner = text[edge] if step < 0 else text[edge - 1]
    at = edge - 1 if step < 0 else edge
    if not 0 <= at < len(text):
        return edge
    if _is_mark(text[at] if step > 0 else inner):
        return edge + step
    if not _is_letter(inner):
        return edge
    for skipped in range(MOST_JOINERS + 1):
        if not 0 <= at < len(text):
            return edge
        if _is_letter(text[at]):
            return edge + step * (skipped + 1)
        if text[at] not in JOINERS:
            return edge
        at += step
    return edge


def _is_letter(character: str) -> bool:
    """Whether it is a letter or digit of a script with spaces between words."""
    code = ord(character)
    return (character.isalnum() or _is_mark(character)) and not any(
        low <= code <= high for low, high in NO_SPACES
    )


def _is_mark(character: str) -> bool:
    """Whether it belongs to the character before it: accents, vowel signs, joiners of emoji."""
    return unicodedata.category(character)[0] == "M" or character == "\u200d"
