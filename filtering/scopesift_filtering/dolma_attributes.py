"""Attributes as dolma's mixer reads them: one file for each input file, one line for each document.

The format is that of dolma's taggers (allenai/dolma: docs/data-format.md; `OutputSpec` in dolma/core/data_types.py).
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_files.atomic import write_atomically
from scopesift_files.errors import UsageError
from scopesift_files.row_readers.compressed import open_bytes
from scopesift_files.row_readers.formats import compression_of

from scopesift_filtering.columns import column_of
from scopesift_filtering.inputs import InputFile

NAME = "scopesift"
"""The folder in `attributes/`, and the first part of every attribute's name."""
DOCUMENTS = "/documents/"  # dolma finds attributes by replacing this part of a document file's path
DIGITS = 5
COMPRESSIONS = (".gz", ".zst", "")


def mirrored_names(files: Sequence[InputFile]) -> dict[str, str]:
    """The attributes file of each input file: its path behind `/documents/`, else behind the folder that all share.

    Raises:
        UsageError: files that dolma doesn't read, or two that would share an attributes file.
    """
    for file in files:
        if file.format != "jsonl" or compression_of(file.url) not in COMPRESSIONS:
            raise UsageError(
                f"--attributes-format dolma is for documents in JSONL (.gz, .zst), which is what dolma reads, "
                f"not {file.url}; convert it, or leave the option out"
            )
    paths = [file.url.partition(DOCUMENTS)[2] for file in files]
    if not all(paths):
        folders = [file.url.split("/")[:-1] for file in files]
        shared = sum(
            1 for _ in itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*folders, strict=False))
        )
        paths = ["/".join(file.url.split("/")[shared:]) for file in files]
    twice, count = Counter(paths).most_common(1)[0]
    if count > 1:
        raise UsageError(
            f"two inputs would have the attributes file {twice}; run the folders of documents one by one"
        )
    return {file.url: f"attributes/{NAME}/{path}" for file, path in zip(files, paths, strict=True)}


def write_dolma_attributes(
    out: Path, names: Mapping[str, str], classifiers: Sequence[Classifier]
) -> dict[str, str]:
    """Write the attributes files of a finished run from its records.

    Args:
        out: folder of the run, with the records of all shards in `attributes/`.
        names: as `mirrored_names`.
        classifiers: those of the run.

    Returns:
        SHA-256 of each file that was written, by its name.

    Raises:
        ScopeError: a file can't be written.
    """
    hashes: dict[str, str] = {}
    for url, records in itertools.groupby(_records(out), key=lambda record: record["file"]):
        hashes[names[url]] = _write(out / names[url], _lines(records, classifiers))
    for name in names.values():
        if name not in hashes:  # of an empty file
            hashes[name] = _write(out / name, iter(()))
    return hashes


def attributes_of(record: Mapping[str, Any], classifiers: Sequence[Classifier]) -> dict[str, list[list[Any]]]:
    """The attributes of a document, each over its whole text.

    A column of ours is dolma's tagger, a label its type: `scopesift__toxicity__toxic` (score),
    `scopesift__toxicity_flagged__toxic` (1, only if flagged), `scopesift__lang__fr` (score, only of the given label),
    `scopesift__lang_scores__fr` (of every label), and `scopesift__status__kept`, `…__dropped` or `…__rejected` (1).

    Args:
        record: of `attributes/`: status and our columns.
        classifiers: those of the run.
    """
    end = record["chars"] or 0
    found = {f"status__{record['status']}": 1.0}
    for one in classifiers if record["chars"] is not None else ():
        column = column_of(one.name)
        if one.kind == BINARY:
            label = one.labels[0]
            found[f"{column}__{label}"] = record[column]
            if record[f"{column}_flagged"]:
                found[f"{column}_flagged__{label}"] = 1.0
            continue
        found[f"{column}__{record[column]}"] = record[f"{column}_score"]
        found |= {f"{column}_scores__{label}": score for label, score in record[f"{column}_scores"].items()}
    return {f"{NAME}__{name}": [[0, end, round(score, DIGITS)]] for name, score in found.items()}


def _records(out: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((out / "attributes").glob("*.jsonl*")):
        with open_bytes(str(path)) as (lines, _):
            yield from map(json.loads, lines)


def _lines(records: Iterator[dict[str, Any]], classifiers: Sequence[Classifier]) -> Iterator[bytes]:
    for record in records:
        line = {
            "id": record["id"],
            "source": record["source"],
            "attributes": attributes_of(record, classifiers),
        }
        yield json.dumps(line).encode() + b"\n"  # ASCII, since an id may hold a lone surrogate


def _write(path: Path, lines: Iterator[bytes]) -> str:
    digest = ""

    def write(temporary: Path) -> None:
        nonlocal digest
        with temporary.open("wb") as handle, _compressing(path.name)(handle) as stream:
            for line in lines:
                stream.write(line)
        with temporary.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()

    write_atomically(path, write)
    return digest


def _compressing(name: str) -> Callable[[BinaryIO], Any]:
    """What compresses a stream by its file's name; without times, so that equal lines give equal bytes."""
    suffix = compression_of(name)
    if suffix == ".gz":
        return lambda handle: gzip.GzipFile("", "wb", 6, handle, mtime=0)
    if suffix == ".zst":
        import zstandard

        return zstandard.ZstdCompressor(level=3).stream_writer
    return _plain


def _plain(handle: BinaryIO) -> BinaryIO:
    return handle
