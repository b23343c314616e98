"""Documents of many text files: split by hash, shuffled by seed, read in slices that fit into memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from scopesift_files.errors import InputError, UsageError
from scopesift_files.row_readers.formats import COMPRESSIONS, suffix_of
from scopesift_files.row_readers.lines import read_lines
from scopesift_files.row_readers.row import sound_rows
from scopesift_files.row_readers.texts import read_texts

Part = Literal["train", "dev", "test"]
TEXT_FORMATS = (".txt", ".jsonl")
HELD_OUT_ONE_IN = 50
"""One document in so many is dev, and as many again are test."""
SLICE_CHARACTERS = 32_000_000
KEY_END = 2**64


def read_documents(path: Path) -> Iterator[str]:
    """Yield the documents of one file: the lines of `.txt`, or the "text" of each object of `.jsonl`.

    Args:
        path: May also end in `.gz`, `.xz` or `.zst`. Blank lines are skipped.

    Raises:
        UsageError: No such file, or an unknown extension.
        InputError: Not UTF-8, not compressed as the name says, or a line without a text; the message has its number.
    """
    written_as = suffix_of(path.name)
    if path.is_file() and written_as not in TEXT_FORMATS:
        raise UsageError(
            f"{path}: expected a name ending in {' or '.join(TEXT_FORMATS)} "
            f"(and {', '.join(COMPRESSIONS)}); rename or convert the file"
        )
    read = read_texts if written_as == ".jsonl" else read_lines
    for row in sound_rows(read(path)):
        if row.text.strip():
            yield row.text


def part_of(text: str) -> Part:
    """The part of a document, by a hash of its text only, so that it is the same in every run and file."""
    parts: dict[int, Part] = {0: "test", 1: "dev"}
    return parts.get(_hash(text, b"") % HELD_OUT_ONE_IN, "train")


@dataclass
class Corpus:
    """Text files as three disjoint, shuffled sequences of documents.

    Documents are ordered by a hash of text and seed, independent of the order of files and lines; duplicates are
    dropped.

    Attributes:
        files: The files.
        seed: Of the order.
        counts: Documents of each part, including duplicates.
        characters: Total number.
        sha256: Of the files' contents, in the order given.
    """

    files: tuple[Path, ...]
    seed: int
    counts: dict[Part, int]
    characters: int
    sha256: str
    _slice: tuple[int, dict[Part, list[str]]] | None = field(default=None, repr=False)

    @classmethod
    def open(cls, files: Sequence[Path], seed: int) -> Corpus:
        """Read the files once to count and check them.

        Raises:
            UsageError: No file is named, or one is missing or of an unknown kind.
            InputError: A line that is not a document, or a part of the text without any.
        """
        if not files:
            raise UsageError("no text file is named; give --text FILE…")
        counts: dict[Part, int] = dict.fromkeys(get_args(Part), 0)
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
                    f"{sum(counts.values())} documents leave none for {part}, since one in {HELD_OUT_ONE_IN} each is "
                    "held out for dev and test; give more text, one document a line"
                )
        return cls(tuple(files), seed, counts, characters, digest.hexdigest())

    @property
    def slices(self) -> int:
        """Number of slices of the shuffled order; one is in memory at a time."""
        return -(-self.characters // SLICE_CHARACTERS)

    def documents(self, part: Part, number: int) -> list[str]:
        """The documents of a part in one slice, in the shuffled order, each text once."""
        if self._slice is None or self._slice[0] != number:
            self._slice = None  # freed before the next one is read
            self._slice = (number, self._read(number))
        return self._slice[1][part]

    def _read(self, number: int) -> dict[Part, list[str]]:
        low, high = (KEY_END * n // self.slices for n in (number, number + 1))
        salt = self.seed.to_bytes(8)
        found: dict[int, str] = {}
        for path in self.files:
            for text in read_documents(path):
                key = _hash(text, salt)
                if low <= key < high:
                    found[key] = text
        parts: dict[Part, list[str]] = {part: [] for part in self.counts}
        for key in sorted(found):
            parts[part_of(found[key])].append(found[key])
        return parts


def _hash(text: str, salt: bytes) -> int:
    content = text.encode(errors="surrogatepass")  # JSON may contain lone surrogates
    return int.from_bytes(hashlib.blake2b(content, digest_size=8, key=salt).digest())
