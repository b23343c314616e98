"""Splits and choices by hash, so that they depend on a text alone, not on the order or number of the others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

SPLITS = ("train", "dev", "test")
TRAIN, DEV = 0.6, 0.75
"""Upper ends of the shares of hashes for train and dev; the rest is test."""
LENGTHS = (90, 140, 200, 280, 400, 650, 1000)
"""Lengths in characters that passages of every source are cut to."""


@dataclass(frozen=True)
class Passage:
    """A piece of text to be given a label.

    Attributes:
        text: The text.
        group: What its near duplicates share: a file, a document, the name of a command. A group goes into one split.
        source: Where it is from; of a conversation, how it is written down.
    """

    text: str
    group: str
    source: str


def fraction(key: str) -> float:
    """A number from 0 up to 1 that depends on the key alone."""
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:6]) / 2**48


def split_of(group: str) -> str:
    """The split of everything in a group of near duplicates: one file, one document, one family of commands."""
    drawn = fraction(f"split {group}")
    return SPLITS[(drawn >= TRAIN) + (drawn >= DEV)]


def length_of(key: str) -> int:
    """The length, in characters, to which the passage with this key is cut."""
    return LENGTHS[int(fraction(f"length {key}") * len(LENGTHS))]
