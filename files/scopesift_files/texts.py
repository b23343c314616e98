"""Bare texts to read: rows of a file, or lines of any other and of standard input."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from scopesift_files.byte_lines import ByteLine, byte_lines, read_byte_lines
from scopesift_files.formats import file_format
from scopesift_files.json_rows import json_rows
from scopesift_files.row import Row, no_utf8
from scopesift_files.rows import read_rows

_OBJECT = re.compile(rb'\s*\{\s*"')


def read_texts(source: str | Path | IO[bytes], *, name: str = "stdin") -> Iterator[Row]:
    r"""Yields rows with their `text`, or the reason why they have none, one at a time, as they arrive.

    Rows of JSONL, CSV or Parquet give what is under "text"; any other file gives one text a line, blank ones too,
    so that answers and lines correspond. Of such a file or stream (standard input) the lines are JSONL if the first
    that is not blank starts with `{"`.

    Args:
        source: a path, or a stream of bytes such as `sys.stdin.buffer`.
        name: what to call a stream in an error.

    Raises:
        UsageError: there is no such file.
        InputError: the file cannot be opened.
    """
    if not isinstance(source, str | Path):
        return _rows(byte_lines(source), name)
    if file_format(str(source)):
        return _with_text(read_rows(source))
    return _rows(read_byte_lines(str(source)), str(source))


def read_text_lines(path: Path) -> Iterator[Row]:
    """Yields one row a line of a file, blank ones too, with the line as its `text`.

    Raises:
        UsageError, InputError: as `read_texts`.
    """
    return _line_rows(read_byte_lines(str(path)), str(path))


def _rows(lines: Iterator[ByteLine], name: str) -> Iterator[Row]:
    blank: list[ByteLine] = []
    for line in lines:
        blank.append(line)
        if line.raw.strip():
            rest = itertools.chain(blank, lines)
            is_object = _OBJECT.match(line.raw)
            yield from _with_text(json_rows(rest, name)) if is_object else _line_rows(rest, name)
            return
    yield from _line_rows(blank, name)


def _with_text(rows: Iterable[Row]) -> Iterator[Row]:
    return (row.with_text("text") for row in rows)


def _line_rows(lines: Iterable[ByteLine], name: str) -> Iterator[Row]:
    for line in lines:
        row = Row(name, line.number - 1, line.number, line.raw, {}, line.position, line.reason, line.detail)
        try:
            yield row if row.reason else row._replace(text=line.raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            yield row.rejected("bad_utf8", no_utf8(error))
