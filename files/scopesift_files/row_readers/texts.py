"""Texts without labels: rows of a file, or lines of a text file or of standard input."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from scopesift_files.row_readers.formats import file_format
from scopesift_files.row_readers.json_rows import json_rows
from scopesift_files.row_readers.lines import lines_of, read_lines
from scopesift_files.row_readers.row import Row
from scopesift_files.row_readers.rows import read_rows

_OBJECT = re.compile(rb'\s*\{\s*"')


def read_texts(source: str | Path | IO[bytes], *, name: str = "stdin") -> Iterator[Row]:
    r"""Yields rows with their `text` or the reason why they have none, one at a time, as they arrive.

    Files of JSONL, CSV or Parquet give their column "text". Any other file or stream gives one text per line, including
    blank ones, so that answers and lines correspond; if its first non-blank line starts with `{"`, it is read as JSONL.

    Args:
        source: a path, or a stream of bytes such as `sys.stdin.buffer`.
        name: what to call a stream in an error.

    Raises:
        UsageError: there is no such file.
        InputError: the file cannot be opened.
    """
    if isinstance(source, str | Path) and file_format(str(source)):
        return (row.with_text("text") for row in read_rows(source))
    return _texts(read_lines(source) if isinstance(source, str | Path) else lines_of(source, name))


def _texts(lines: Iterator[Row]) -> Iterator[Row]:
    first: list[Row] = []
    for row in lines:
        first.append(row)
        if row.raw.strip():
            break
    lines = itertools.chain(first, lines)
    if first and _OBJECT.match(first[-1].raw):
        lines = (row.with_text("text") for row in json_rows(lines))
    yield from lines
