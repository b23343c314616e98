"""Text normalisation for tokenizers that keeps every character's position in the original text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# characters that compose (NFC) with the one before, but are not combining marks: Hangul vowels and finals
_JAMO = ("\u1160", "\u11ff")


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """A normalised text of C characters.

    Attributes:
        text: the characters.
        starts_C, ends_C: int64 `[C]`, span of each character in code points of the original text; None if every
            character comes from the code point at its own index.
    """

    text: str
    starts_C: NDArray[np.int64] | None = None
    ends_C: NDArray[np.int64] | None = None

    def original(self, spans_T2: NDArray[np.int64]) -> NDArray[np.int64]:
        """Spans in the original text of spans `[T, 2]` in the normalised one; empty spans stay empty."""
        if self.starts_C is None or self.ends_C is None:
            return spans_T2
        out_T2 = np.zeros_like(spans_T2)
        some_T = spans_T2[:, 1] > spans_T2[:, 0]
        out_T2[some_T, 0] = self.starts_C[spans_T2[some_T, 0]]
        out_T2[some_T, 1] = self.ends_C[spans_T2[some_T, 1] - 1]
        return out_T2


class Normaliser:
    """Canonical composition (NFC), then replacements of single code points.

    Equivalent to SentencePiece's precompiled maps and to the NFC of byte-level tokenizers; in addition each character's
    span covers all code points that were composed into it, so that evidence doesn't end between a letter and its
    accent.

    Attributes:
        replacements: code point to its replacement.
    """

    def __init__(self, replacements: Mapping[int, str] | None = None) -> None:
        """Set the table.

        Args:
            replacements: code point to its replacement, which may be empty; None: composition only.
        """
        self.replacements = dict(replacements or {})

    @cached_property
    def _uneven(self) -> re.Pattern[str] | None:
        """Code points whose replacement is not one character, which shifts later offsets."""
        points = [chr(point) for point, text in self.replacements.items() if len(text) != 1]
        return re.compile("[" + "".join(map(re.escape, points)) + "]") if points else None

    def __call__(self, text: str) -> Aligned:
        """Normalise one text."""
        if unicodedata.is_normalized("NFC", text):
            if self._uneven is None or self._uneven.search(text) is None:
                return Aligned(text.translate(self.replacements) if self.replacements else text)
            clusters: Iterator[tuple[str, int, int]] = (
                (character, at, at + 1) for at, character in enumerate(text)
            )
        else:
            clusters = _composed(text)
        characters: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for character, start, end in clusters:
            replaced = self.replacements.get(ord(character), character)
            characters.append(replaced)
            starts += [start] * len(replaced)
            ends += [end] * len(replaced)
        return Aligned("".join(characters), np.array(starts, np.int64), np.array(ends, np.int64))


def _composed(text: str) -> Iterator[tuple[str, int, int]]:
    """The characters of NFC(text), each with start and end of its code points."""
    for start, end in _clusters(text):
        cluster = text[start:end]
        composed = unicodedata.normalize("NFC", cluster)
        if composed == cluster:
            yield from ((character, start + at, start + at + 1) for at, character in enumerate(cluster))
        else:
            yield from ((character, start, end) for character in composed)


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every base character with the marks and jamo that follow it."""
    start = 0
    for at in range(1, len(text)):
        character = text[at]
        joins = character > "\u02ff" and (
            _JAMO[0] <= character <= _JAMO[1] or unicodedata.category(character) in ("Mn", "Mc")
        )
        if not joins:
            yield start, at
            start = at
    if text:
        yield start, len(text)
