"""Chunks of texts that are tokenised at once, which bounds the memory of any number of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

CHUNK_TEXTS = 2048  # so many are sorted and packed together with hardly any padding
CHUNK_CHARACTERS = 1 << 20  # tokens of a character take some 30 bytes


def text_chunks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Begin and end of each chunk; a text longer than a chunk gets its own.

    Args:
        texts: any strings.
    """
    begin = characters = 0
    for at, text in enumerate(texts):
        full = at - begin >= CHUNK_TEXTS or characters + len(text) > CHUNK_CHARACTERS
        if at > begin and full:
            yield begin, at
            begin, characters = at, 0
        characters += len(text)
    if begin < len(texts):
        yield begin, len(texts)
