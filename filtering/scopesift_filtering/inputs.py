"""A run's input files: files, globs, folders and URLs are resolved to a sorted list, which is split into groups."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from scopesift_files.errors import UsageError, first_line
from scopesift_files.row_readers.formats import ENDINGS, compression_of, file_format

GROUP_BYTES = 64 * 2**20
SHARD = "00000-000000"
WRITTEN = (
    "run.json",
    f"done/{SHARD}.json",
    *(
        f"{folder}/{SHARD}{suffix}"
        for folder in ("attributes", "kept", "dropped", "rejected")
        for suffix in (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
    ),
)
"""Examples of the files that a run writes."""


@dataclass(frozen=True)
class InputFile:
    """One file to read.

    Attributes:
        url: path or URL as fsspec opens it.
        format: "jsonl", "csv" or "parquet".
        size: bytes on disk, -1 if unknown.
    """

    url: str
    format: str
    size: int


@dataclass(frozen=True)
class Group:
    """Consecutive files that are read by one task; shards may span files, but not groups.

    Attributes:
        index: index of the group.
        first: index of its first file in the run's list.
        files: the files, all of one format; a Parquet file is its own group.
    """

    index: int
    first: int
    files: tuple[InputFile, ...]


class Inputs(NamedTuple):
    """Files matched by a run's patterns.

    Attributes:
        files: files to read, without duplicates, in the patterns' order and sorted inside a folder or glob.
        unread: other files in the folders and globs, except hidden ones and markers (`_SUCCESS`).
    """

    files: list[InputFile]
    unread: list[str]


def find_inputs(patterns: Sequence[str], out: Path | None = None) -> Inputs:
    """Find the files that patterns match.

    Args:
        patterns: files, globs, folders and URLs.
        out: output folder; an error if a pattern would match its files.

    Raises:
        UsageError: no file, an unknown format, `out` inside the inputs, or fsspec is not installed.
    """
    found: dict[str, InputFile] = {}
    unread: dict[str, None] = {}
    for pattern in patterns:
        files, others = _expand(pattern, out)
        for file in files:
            found.setdefault(file.url, file)
        unread |= dict.fromkeys(others)
    if not found:
        raise UsageError("no input; name files, globs, folders or URLs")
    return Inputs(list(found.values()), list(unread))


def make_groups(files: Sequence[InputFile]) -> list[Group]:
    """Split the list into groups by formats and sizes only, so that all engines make the same groups."""
    groups: list[Group] = []
    run: list[InputFile] = []

    def close(end: int) -> None:
        if run:
            groups.append(Group(len(groups), end - len(run), tuple(run)))
            run.clear()

    for index, file in enumerate(files):
        size = sum(max(one.size, 0) for one in run)
        if run and (file.format != run[0].format or file.format == "parquet" or size >= GROUP_BYTES):
            close(index)
        run.append(file)
    close(len(files))
    return groups


def _expand(pattern: str, out: Path | None) -> Inputs:
    try:
        import fsspec
    except ImportError:
        raise UsageError("filtering needs fsspec and duckdb; pip install 'scopesift[filter]'") from None
    remote = "://" in pattern or "::" in pattern
    try:
        fs, path = fsspec.core.url_to_fs(pattern if remote else str(Path(pattern).expanduser()))
        named = False
        if not remote and Path(pattern).expanduser().is_file():
            found, named = (
                {path: fs.info(path)},
                True,
            )  # an existing file with brackets in its name, not a glob
        elif any(letter in path for letter in "*?["):
            found = fs.glob(path, detail=True)
        elif fs.isdir(path):
            found = fs.find(path, detail=True)
        elif fs.exists(path):
            found, named = {path: fs.info(path)}, True
        else:
            found = {}
    except Exception as error:
        raise UsageError(
            f"{pattern}: cannot be listed ({first_line(error)}); check the path or URL"
        ) from None
    if out is not None and "file" in fs.protocol and _would_find(path, out.resolve()):
        raise UsageError(
            f"--out {out} is inside the input {pattern}, so a resumed run would read its own output; "
            "choose an --out outside of the inputs"
        )
    files, unread = [], []
    for name, info in sorted(found.items()):
        url = fs.unstrip_protocol(name) if remote else name
        known = _format(name)
        if named and known is None:
            raise UsageError(_unknown(name))
        if info["type"] == "directory" or (not named and PurePosixPath(name).name.startswith((".", "_"))):
            continue
        if known is None:
            unread.append(url)
        else:
            size = info.get("size")
            files.append(InputFile(url, known, -1 if size is None else int(size)))
    if not files:
        raise UsageError(f"{pattern}: there is no file ending in {ENDINGS} there")
    return Inputs(files, unread)


def _format(name: str) -> str | None:
    """The format of a file that can be read row by row; externally compressed Parquet can't."""
    known = file_format(name)
    return None if known == "parquet" and compression_of(name) else known


def _unknown(name: str) -> str:
    if file_format(name) == "parquet":
        return f"{name}: Parquet is compressed inside; decompress the file first"
    return f"{name}: expected a name ending in {ENDINGS}; rename or convert the file"


def _would_find(path: str, out: Path) -> bool:
    """Whether a folder or glob matches files that a run writes into `out`."""
    if not any(letter in path for letter in "*?["):
        return Path(path).resolve() in (out, *out.parents)
    from fsspec.utils import glob_translate

    pattern = re.compile(glob_translate(str(Path(path).resolve())))
    return any(pattern.match(str(out / name)) for name in WRITTEN)
