"""Which files a run reads: files, globs, folders and URLs become a sorted list, and that list groups of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from scopesift_files.errors import UsageError

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
COMPRESSED = (".gz", ".zst")
GROUP_BYTES = 64 * 2**20


@dataclass(frozen=True)
class InputFile:
    """One file to read.

    Attributes:
        url: path or URL as fsspec opens it.
        format: "jsonl", "csv" or "parquet".
        size: bytes on disk, -1 where the file system does not say.
    """

    url: str
    format: str
    size: int


@dataclass(frozen=True)
class Group:
    """Neighbouring files that are read one after the other; shards may span files, never groups.

    Attributes:
        index: number of the group.
        first: index of its first file in the run's list.
        files: the files, all of one format; a Parquet file is a group by itself.
    """

    index: int
    first: int
    files: tuple[InputFile, ...]


def find_inputs(patterns: Sequence[str]) -> list[InputFile]:
    """Every file that the patterns name: in their order, sorted inside a folder or glob, each once.

    Raises:
        UsageError: nothing there, an unknown format, or fsspec is not installed.
    """
    found: dict[str, InputFile] = {}
    for pattern in patterns:
        for file in _expand(pattern):
            found.setdefault(file.url, file)
    if not found:
        raise UsageError("no input; name files, globs, folders or URLs")
    return list(found.values())


def make_groups(files: Sequence[InputFile]) -> list[Group]:
    """Cut the list into groups; depends on formats and sizes only, so every engine makes the same."""
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


def file_format(name: str) -> str | None:
    """The format that a file's name says, compression set aside."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return FORMATS.get(suffixes[-1]) if suffixes else None


def _expand(pattern: str) -> list[InputFile]:
    try:
        import fsspec
    except ImportError:
        raise UsageError("filtering needs fsspec and duckdb; pip install 'scopesift[filter]'") from None
    remote = "://" in pattern or "::" in pattern
    try:
        fs, path = fsspec.core.url_to_fs(pattern if remote else str(Path(pattern).expanduser()))
        if not remote and Path(pattern).expanduser().is_file():
            paths, named = [path], True  # a name with brackets in it is still a name
        elif any(letter in path for letter in "*?["):
            paths, named = sorted(fs.glob(path)), False
        elif fs.isdir(path):
            paths, named = sorted(fs.find(path)), False
        elif fs.exists(path):
            paths, named = [path], True
        else:
            paths, named = [], True
        files = [_describe(fs, one, remote, named) for one in paths]
    except UsageError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"{pattern}: cannot be listed ({reason}); check the path or URL") from None
    known = [file for file in files if file is not None]
    if not known:
        raise UsageError(
            f"{pattern}: there is no file ending in {', '.join(FORMATS)} (and {' or '.join(COMPRESSED)}) there"
        )
    return known


def _describe(fs: Any, path: str, remote: bool, named: bool) -> InputFile | None:
    written_as = file_format(path)
    if written_as is None or (not named and PurePosixPath(path).name.startswith((".", "_"))):
        if named:
            raise UsageError(
                f"{path}: expected a name ending in {', '.join(FORMATS)} (and {' or '.join(COMPRESSED)}); "
                "rename or convert the file"
            )
        return None
    if written_as == "parquet" and path.lower().endswith(COMPRESSED):
        raise UsageError(f"{path}: Parquet is compressed inside; decompress the file first")
    size = fs.size(path)
    return InputFile(
        fs.unstrip_protocol(path) if remote else path, written_as, -1 if size is None else int(size)
    )
