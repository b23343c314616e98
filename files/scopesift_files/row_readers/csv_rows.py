"""Rows of CSV: records under a header, each read by the csv module."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from scopesift_files.counted import counted
from scopesift_files.row_readers.lines import LONGEST
from scopesift_files.row_readers.row import Row

csv.field_size_limit(2**31 - 1)  # Python's own limit of 128 KiB would refuse a long document


def csv_rows(lines: Iterable[Row], file: str, limit: int = LONGEST) -> Iterator[Row]:
    """Yields one row per record after the header; values are strings, line ends inside quotes are kept.

    A record continues on the next line while it has an odd number of quotes, unless its first line parses by itself.
    If a record of several lines is invalid, only its first line is rejected and reading continues with the second, so
    that one stray quote doesn't consume the rest of the file; no line is read more than twice. A file without a valid
    header is one rejected row.

    Args:
        lines: as from `read_lines`.
        file: file name of the rejected row for a file without lines.
        limit: largest size of a record in bytes.
    """
    source, ahead = iter(lines), deque[Row]()
    first = next((row for row in source if row.reason or row.raw.strip()), None)
    if first is None or first.reason:
        yield first or Row(file, 0, 1).reject("bad_header", "expected a first line of column names, got none")
        return
    names, wrong = _header(_joined([first, *_rest(first, ahead, source, limit)]))
    if wrong:
        yield first.reject("bad_header", f"expected a first line of column names, got {wrong}")
        return
    number = 0
    while (row := ahead.popleft() if ahead else next(source, None)) is not None:
        if not row.reason and not row.raw.strip():
            continue
        wrong = "" if row.reason else _fill(row, row.text, names)
        if wrong and (rest := _rest(row, ahead, source, limit)):
            held = [row, *rest]
            wrong = _fill(row, _joined(held), names)
            if wrong:
                ahead.extendleft(reversed(rest))
            else:
                row.raw = b"".join(one.raw + one.end for one in held).removesuffix(rest[-1].end)
                row.position = rest[-1].position
        row.number, number = number, number + 1
        yield row.reject("bad_csv", wrong) if wrong else row


def _rest(row: Row, ahead: deque[Row], source: Iterator[Row], limit: int) -> list[Row]:
    """The following lines of a record whose first line leaves a quote open; empty if it leaves none open."""
    rest: list[Row] = []
    size, is_open = len(row.raw), row.raw.count(b'"') % 2
    while is_open and size < limit and (more := ahead.popleft() if ahead else next(source, None)) is not None:
        if more.reason:  # an unreadable line is a row of its own
            ahead.appendleft(more)
            break
        rest.append(more)
        size += len(more.raw)
        is_open ^= more.raw.count(b'"') % 2
    return rest


def _joined(rows: list[Row]) -> str:
    return "".join(row.text + row.end.decode() for row in rows)


def _fill(row: Row, text: str, names: list[str]) -> str:
    """Set a row's fields from a record; returns what is wrong with it, or ""."""
    try:
        values = next(csv.reader((text,), strict=True))
    except csv.Error as error:
        return f"expected CSV, got an incomplete row ({error})"
    if len(values) != len(names):
        return f"expected {counted(len(names), 'field')} ({', '.join(names)}), got {len(values)}"
    row.fields, row.text = dict(zip(names, values, strict=True)), ""
    return ""


def _header(text: str) -> tuple[list[str], str]:
    """The column names, and what is wrong with them ("" if nothing)."""
    if "\r" in text.rstrip("\r\n") and '"' not in text:
        return [], "lines that end in a carriage return only"
    try:
        names = next(csv.reader((text,), strict=True))
    except csv.Error as error:
        return [], f"invalid CSV ({error})"
    twice = next((name for name in names if names.count(name) > 1), None)
    return names, "" if twice is None else f"the column {twice!r} twice"
