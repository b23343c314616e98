"""Edits of a text, with the offsets of every character in the original text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from scopesift_features.tokenizing.normalisation import Aligned


class Edit(NamedTuple):
    """Replacement of the code points `start` to `end` (exclusive) by `text`, which may be empty."""

    start: int
    end: int
    text: str


def edited(aligned: Aligned, edits: Iterable[Edit]) -> Aligned:
    """Apply edits; each new character has the span of all code points that its edit replaced.

    Args:
        aligned: the text and its offsets.
        edits: sorted, not overlapping.
    """
    edits = [edit for edit in edits if aligned.text[edit.start : edit.end] != edit.text]
    if not edits:
        return aligned
    text, place_C = aligned.text, np.arange(len(aligned.text), dtype=np.int64)
    starts_C = place_C if aligned.starts_C is None else aligned.starts_C
    ends_C = place_C + 1 if aligned.ends_C is None else aligned.ends_C
    parts, first, last, done = [], [], [], 0
    for start, end, new in edits:
        parts += [text[done:start], new]
        first += [starts_C[done:start], np.full(len(new), starts_C[start])]
        last += [ends_C[done:start], np.full(len(new), ends_C[end - 1])]
        done = end
    return Aligned(
        "".join([*parts, text[done:]]),
        np.concatenate([*first, starts_C[done:]]),
        np.concatenate([*last, ends_C[done:]]),
    )
