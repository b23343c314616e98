"""The attacks: spellings that evade a filter and that people can read. Nothing in them is random."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle

WORD = re.compile(r"[^\W\d_]+")
SHORTEST = 3
"""Minimum length of words whose letters are separated."""
LEET = str.maketrans("aeiostAEIOST", "431057431057")
CYRILLIC = str.maketrans("aceijopsxyABCEHIJKMOPSTXY", "асеіјорѕхуАВСЕНІЈКМОРЅТХУ")
GREEK = str.maketrans("ovABEHIKMNOPTXYZ", "ονΑΒΕΗΙΚΜΝΟΡΤΧΥΖ")
MARKS = "\u0336\u0308\u0323\u0301\u0330"
"""A stroke, two dots above, a dot below, an acute accent, a tilde below."""
MATHS = {ord("a") + at: chr(0x1D41A + at) for at in range(26)} | {
    ord("A") + at: chr(0x1D400 + at) for at in range(26)
}

Attack = Callable[[str], str]


def leet(text: str) -> str:
    """Digits for six letters."""
    return text.translate(LEET)


def spaced(text: str) -> str:
    """Letters separated by a space, words by two."""
    return _apart(re.sub(r"\s+", "  ", text), " ")


def dotted(text: str) -> str:
    """Letters separated by full stops."""
    return _apart(text, ".")


def _apart(text: str, separator: str) -> str:
    return re.sub(
        r"[^\W_]+", lambda found: separator.join(found[0]) if len(found[0]) >= SHORTEST else found[0], text
    )


def zero_width(text: str) -> str:
    """A zero-width space between any two letters of a word."""
    return WORD.sub(lambda found: "\u200b".join(found[0]), text)


def homoglyphs(text: str) -> str:
    """Cyrillic letters that look like Latin ones."""
    return text.translate(CYRILLIC)


def capitals(text: str) -> str:
    """All letters as capitals."""
    return text.upper()


def repeated_vowels(text: str) -> str:
    """Every vowel four times."""
    return re.sub("[aeiou]", lambda found: found[0] * 4, text, flags=re.IGNORECASE)


def combining(text: str) -> str:
    """A combining mark on every letter."""
    marks = cycle(MARKS)
    return re.sub(r"[^\W\d_]", lambda found: found[0] + next(marks), text)


def maths_letters(text: str) -> str:
    """Bold letters of mathematics."""
    return text.translate(MATHS)


def greek_homoglyphs(text: str) -> str:
    """Greek letters that look like Latin ones."""
    return text.translate(GREEK)


def one_joiner(text: str) -> str:
    """A zero-width non-joiner after the second letter of every word."""
    return WORD.sub(lambda found: f"{found[0][:2]}\u200c{found[0][2:]}", text)


def without_words(text: str) -> str:
    """Letters and words separated by one space alike."""
    return " ".join("".join(text.split()))


def masked(text: str) -> str:
    """An asterisk for the first vowel of every word."""
    return WORD.sub(lambda found: re.sub("[aeiou]", "*", found[0], count=1, flags=re.IGNORECASE), text)


def swapped(text: str) -> str:
    """The second and third letter of every word swapped."""
    return WORD.sub(lambda found: found[0][:1] + found[0][2:3] + found[0][1:2] + found[0][3:], text)


ATTACKS: dict[str, Attack] = {
    "leet": leet,
    "spaced letters": spaced,
    "dotted letters": dotted,
    "zero-width spaces": zero_width,
    "homoglyphs": homoglyphs,
    "capitals": capitals,
    "repeated vowels": repeated_vowels,
    "combining marks": combining,
    "maths letters": maths_letters,
}
"""The attacks that the rules were chosen on."""
OTHERS: dict[str, Attack] = {
    "Greek homoglyphs": greek_homoglyphs,
    "one zero-width non-joiner a word": one_joiner,
    "letters and words separated by one space": without_words,
    "an asterisk for a vowel": masked,
    "two letters swapped": swapped,
}
"""Attacks that no rule was chosen on; for the last three there is none."""
