"""Rows of JSONL, CSV and Parquet files, plain or compressed; rows that can't be read carry the reason."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path, PurePosixPath

from scopesift_files.errors import InputError, UsageError
from scopesift_files.row_readers.csv_rows import csv_rows
from scopesift_files.row_readers.formats import ENDINGS, file_format
from scopesift_files.row_readers.json_rows import json_rows
from scopesift_files.row_readers.lines import LONGEST, read_lines
from scopesift_files.row_readers.parquet_rows import parquet_slices
from scopesift_files.row_readers.row import Row


def read_rows(file: str | Path, limit: int = LONGEST) -> Iterator[Row]:
    """Yields the rows of a file in order, including rejected ones, which the caller handles.

    Args:
        file: path, or URL as fsspec opens it; `.gz`, `.xz` and `.zst` are decompressed.
        limit: longer rows of text files, in bytes, are rejected without being parsed.

    Raises:
        UsageError: there is no such file.
        InputError: the name's extension is unknown, or the file cannot be opened.
    """
    url = str(file)
    written_as = file_format(url)
    if written_as is None:
        if "://" not in url and not Path(url).is_file():
            raise UsageError(f"{url}: there is no such file; give the path of a file with rows")
        suffixes = "".join(PurePosixPath(url).suffixes[-2:])
        raise InputError(
            f"{url}: expected a name ending in {ENDINGS}, got {suffixes or 'no extension'}; "
            "rename or convert the file"
        )
    if written_as == "parquet":
        return chain.from_iterable(parquet_slices(url))
    lines = read_lines(url, limit)
    return csv_rows(lines, url, limit) if written_as == "csv" else json_rows(lines)
