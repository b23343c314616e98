"""The format and compression of a file, from its name."""

from __future__ import annotations

from pathlib import PurePosixPath

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".parquet": "parquet"}
COMPRESSIONS = (".gz", ".xz", ".zst")
ENDINGS = f"{', '.join(FORMATS)} (and {' or '.join(COMPRESSIONS)})"


def file_format(name: str) -> str | None:
    """The format by the suffix before any compression suffix: "jsonl", "csv", "parquet", or None."""
    return FORMATS.get(suffix_of(name))


def suffix_of(name: str) -> str:
    """The last suffix that is not a compression's, in lower case; "" if there is none."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def compression_of(name: str) -> str:
    """The last suffix if it is a compression's, in lower case; "" otherwise."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix in COMPRESSIONS else ""
