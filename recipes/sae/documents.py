"""Documents of many text files: split by hash, shuffled by seed, read in slices that fit into memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scopesift_classifiers.text_rows import COMPRESSIONS, json_rows, json_type, read_lines
from scopesift_features.errors import InputError, UsageError

Part = Literal["train", "dev", "test"]
TEXT_FORMATS = (".txt", ".jsonl")
HELD_OUT_OF = 50
"""One document in so many is held out for choosing (dev), and as many again for the final figures (test)."""
SLICE_CHARACTERS = 32_000_000
KEY_END = 2**64


def read_documents(path: Path) -> Iterator[str]:
    """Yield the documents of one file: a line each of `.txt`, or the "text" of each object of `.jsonl`.

    Args:
        path: May also end in `.gz`, `.xz` or `.zst`. Blank lines are skipped.

    Raises:
        UsageError: No such file, or a name that does not say what the file holds.
        InputError: Not UTF-8, not compressed as the name says, or a line without a text; with its number.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    written_as = suffixes[-1] if suffixes else ""
    if path.is_file() and written_as not in TEXT_FORMATS:
        raise UsageError(
            f"{path}: expected a name ending in {' or '.join(TEXT_FORMATS)} "
            f"(and {', '.join(COMPRESSIONS)}); rename or convert the file"
        )
    if written_as == ".jsonl":
        for row in json_rows(read_lines(path), path.name):
            text = row.fields.get("text")
            if not isinstance(text, str):
                raise InputError(f'{row.place}: "text" should be a string, not {json_type(text)}')
            if text.strip():
                yield text
        return
    for _, line in read_lines(path):
        if line.strip():
            yield line.rstrip("\r\n")


def part_of(text: str) -> Part:
    """The part a document belongs to, by a hash of its text alone: the same in every run and file."""
    bucket = int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest())
    parts: dict[int, Part] = {0: "test", 1: "dev"}
    return parts.get(bucket % HELD_OUT_OF, "train")


@dataclass(frozen=True)
class Corpus:
    """Text files as three disjoint, shuffled sequences of documents.

    A document's place is the hash of its text and the seed, so that neither the order of the files nor that of
    their lines matters, and equal documents stand side by side, where all but one are dropped.

    Attributes:
        files: What is read.
        seed: Of the order.
        slices: The order is cut in so many equal ranges of hashes, each read at once.
        counts: Documents of each part, repeated ones included.
        characters: Of all of them.
        digest: SHA-256 of the files' contents, in the order given.
    """

    files: tuple[Path, ...]
    seed: int
    slices: int
    counts: dict[Part, int]
    characters: int
    digest: str

    @classmethod
    def open(cls, files: Sequence[Path], seed: int) -> Corpus:
        """Read the files once, to count and to check them.

        Raises:
            UsageError: No file is named, or one is missing or of an unknown kind.
            InputError: A line that is not a document, or no document left to train or to measure on.
        """
        if not files:
            raise UsageError("no text file is named; give --text FILE…")
        counts: dict[Part, int] = {"train": 0, "dev": 0, "test": 0}
        characters = 0
        digest = hashlib.sha256()
        for path in files:
            for text in read_documents(path):
                counts[part_of(text)] += 1
                characters += len(text)
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        for part, count in counts.items():
            if count == 0:
                raise InputError(
                    f"{sum(counts.values())} documents in {len(files)} files leave none for {part} (one in "
                    f"{HELD_OUT_OF} is held out twice over, by hash); give more text, one document a line"
                )
        slices = -(-characters // SLICE_CHARACTERS)
        return cls(tuple(files), seed, slices, counts, characters, digest.hexdigest())

    def documents(self, part: Part, slice_number: int) -> list[str]:
        """The shuffled documents of one slice of a part, each text once."""
        low, high = (KEY_END * number // self.slices for number in (slice_number, slice_number + 1))
        found: dict[int, str] = {}
        for path in self.files:
            for text in read_documents(path):
                if part_of(text) == part and low <= (key := self._key(text)) < high:
                    found[key] = text
        return [found[key] for key in sorted(found)]

    def _key(self, text: str) -> int:
        salt = self.seed.to_bytes(8)
        return int.from_bytes(
            hashlib.blake2b(text.encode(errors="replace"), digest_size=8, key=salt).digest()
        )
