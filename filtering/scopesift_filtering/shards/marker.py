"""Markers of finished shards, with the hash of their content and their counts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scopesift_files.atomic import read_json, write_json
from scopesift_files.errors import InputError

FOLDER = "done"


@dataclass(frozen=True)
class Marker:
    """A finished shard; independent of the engine and the machine.

    Attributes:
        shard: its name.
        run: digest of the run's identity.
        content: SHA-256 of the rows that were read.
        first: its start, as "file:row".
        rows, kept, dropped, rejected: counts; the first is the sum of the others.
        chars, tokens: of the classified texts.
        places: tokens computed, including padding.
        disk_bytes: its size in the input on disk.
        files: file in the run's folder -> SHA-256.
        counts: table -> value -> rows, such as "label of domain" -> "law" -> 12.
        samples: a few rows kept and dropped, for the report.
    """

    shard: str
    run: str
    content: str
    first: str
    rows: int
    kept: int
    dropped: int
    rejected: int
    chars: int
    tokens: int
    places: int
    disk_bytes: int
    files: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]
    samples: Mapping[str, list[dict[str, Any]]]


def write_marker(out: Path, marker: Marker) -> None:
    """Record that a shard is done; its files must have been written."""
    for folder in {(out / name).parent for name in marker.files}:
        sync_folder(folder)
    path = _path(out, marker.shard)
    write_json(path, asdict(marker))
    sync_folder(path.parent)


def find_marker(out: Path, shard: str, *, run: str, content: str) -> Marker | None:
    """The marker of a shard if it is done, that is, if all its files exist unchanged.

    Raises:
        InputError: it was written by another run or from other content; nothing is overwritten.
    """
    path = _path(out, shard)
    if not path.is_file():
        return None
    marker = Marker(**read_json(path, "delete the folder and run again"))
    if marker.run != run:
        raise InputError(f"{path} belongs to another run; choose another --out")
    if marker.content != content:
        raise InputError(
            f"the input changed since shard {shard} (from {marker.first}) was written; "
            "put the old files back, or choose another --out for the new ones"
        )
    whole = all(_is_whole(out / name, digest) for name, digest in marker.files.items())
    return marker if whole else None


def marked_shards(out: Path) -> set[str]:
    """Names of all shards that have a marker."""
    return {path.stem for path in (out / FOLDER).glob("*.json")}


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that renames in it are durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_whole(path: Path, digest: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest() == digest


def _path(out: Path, shard: str) -> Path:
    return out / FOLDER / f"{shard}.json"
