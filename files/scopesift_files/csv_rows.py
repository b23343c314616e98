"""Rows of CSV: records under a header, read by the csv module record by record."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from scopesift_files.byte_lines import LONGEST, ByteLine
from scopesift_files.counted import counted
from scopesift_files.row import Row, no_utf8

csv.field_size_limit(2**31 - 1)  # Python's own limit of 128 KiB would refuse a long document


def csv_rows(lines: Iterable[ByteLine], file: str, limit: int = LONGEST) -> Iterator[Row]:
    """Yields one row a record after the header; values are strings, line ends inside quotes are as in the file.

    A record goes on over lines while its quotes are an odd number, unless its line is a whole record without what
    follows. One that turns out wrong is rejected by its first line, and reading goes on with the next, so that one
    stray quote does not swallow the rest of the file; no line is read more than twice. A file without a header that
    can be used is one rejected row.

    Args:
        lines: as from `read_byte_lines`.
        file: what the rows' `file` says.
        limit: bytes up to which a record is continued.
    """
    lines = iter(lines)
    waiting: deque[ByteLine] = deque()
    first = next((line for line in lines if line.reason or line.raw.strip()), ByteLine(1, b""))
    header = _header(_row([first, *_rest(first, waiting, lines, limit)], file, 0))
    if header.reason:
        yield header
        return
    names = list(header.fields)
    number = 0
    while (line := waiting.popleft() if waiting else next(lines, None)) is not None:
        if not line.raw.strip() and not line.reason:
            continue
        row = _record(_row([line], file, number), names)
        if row.reason == "bad_csv" and (rest := _rest(line, waiting, lines, limit)):
            whole = _record(_row([line, *rest], file, number), names)
            if whole.reason:
                row = row.rejected(whole.reason, whole.detail)
                waiting.extendleft(reversed(rest))
            else:
                row = whole
        yield row
        number += 1


def _rest(line: ByteLine, waiting: deque[ByteLine], lines: Iterator[ByteLine], limit: int) -> list[ByteLine]:
    """The lines up to that which closes the quote that a line leaves open; none if it leaves none open."""
    rest: list[ByteLine] = []
    size, open_quote = len(line.raw), _opens(line)
    while open_quote and size < limit:
        more = waiting.popleft() if waiting else next(lines, None)
        if more is None:
            break
        if more.reason:  # it is a row by itself
            waiting.appendleft(more)
            break
        rest.append(more)
        size += len(more.raw)
        open_quote ^= _opens(more)
    return rest


def _opens(line: ByteLine) -> bool:
    """Whether a quote that is open before a line is closed after it, and the other way round."""
    return line.raw.count(b'"') % 2 == 1


def _row(held: list[ByteLine], file: str, number: int) -> Row:
    first, last = held[0], held[-1]
    raw = b"".join(line.raw + line.end for line in held[:-1]) + last.raw
    return Row(file, number, first.number, raw, {}, last.position, first.reason, first.detail)


def _record(row: Row, names: list[str]) -> Row:
    if row.reason:
        return row
    try:
        values = next(csv.reader((row.raw.decode("utf-8"),), strict=True))
    except UnicodeDecodeError as error:
        return row.rejected("bad_utf8", no_utf8(error))
    except csv.Error as error:
        return row.rejected("bad_csv", f"expected CSV, got a row that breaks off ({error})")
    if len(values) != len(names):
        return row.rejected(
            "bad_csv", f"expected {counted(len(names), 'field')} ({', '.join(names)}), got {len(values)}"
        )
    return row._replace(fields=dict(zip(names, values, strict=True)))


def _header(row: Row) -> Row:
    """The row of column names, as fields, or with what is wrong with it."""
    if row.reason:
        return row
    expected = "expected a first line of column names, got"
    if not row.raw.strip():
        return row.rejected("bad_header", f"{expected} an empty one")
    if b"\r" in row.raw and b'"' not in row.raw:
        return row.rejected("bad_header", f"{expected} lines that end in a carriage return alone")
    try:
        names = next(csv.reader((row.raw.decode("utf-8"),), strict=True))
    except UnicodeDecodeError as error:
        return row.rejected("bad_utf8", no_utf8(error))
    except csv.Error as error:
        return row.rejected("bad_header", f"{expected} what is not CSV ({error})")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return row.rejected("bad_header", f"{expected} the column {twice!r} twice")
    return row._replace(fields=dict.fromkeys(names))
