"""Rows of JSONL and CSV files: every row comes out, the unreadable ones with their reason."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from scopesift_files.byte_lines import ByteLine, read_byte_lines
from scopesift_files.errors import InputError

from scopesift_filtering.inputs import InputFile
from scopesift_filtering.row import Row, checked_text
from scopesift_filtering.settings import FilterSettings

csv.field_size_limit(2**31 - 1)  # Python's own limit of 128 KiB would refuse a long document


def jsonl_rows(file: InputFile, index: int, settings: FilterSettings) -> Iterator[Row]:
    """Yields one row a line that is not blank.

    Args:
        file: what to read.
        index: of the file in the run's list.
        settings: name of the text column and limits.
    """
    number = 0
    for line in read_byte_lines(file.url, settings.max_row_bytes):
        if not line.raw.strip() and not line.damage:
            continue
        yield _jsonl_row(line, Row(index, number, line.number, line.raw, {}, "", line.position), settings)
        number += 1


def _jsonl_row(line: ByteLine, row: Row, settings: FilterSettings) -> Row:
    bad = _unreadable(line, row, settings)
    if bad is not None:
        return bad
    try:
        fields = json.loads(line.raw.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        return row.rejected("bad_utf8", f"byte 0x{line.raw[error.start]:02x} at offset {error.start}")
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error) or type(error).__name__
        return row.rejected("bad_json", reason)
    if not isinstance(fields, dict):
        return row.rejected("not_an_object", f"a {type(fields).__name__}")
    row = row._replace(fields=fields)
    return checked_text(
        row, fields.get(settings.text), max_chars=settings.max_chars, present=settings.text in fields
    )


def csv_rows(file: InputFile, index: int, settings: FilterSettings) -> Iterator[Row]:
    """Yields one row a record after the header; values are strings.

    A record goes on over lines while a quote is open. One that turns out wrong is rejected by its first line,
    and reading goes on with the next, so that one stray quote does not swallow the rest of the file.

    Raises:
        InputError: no header, or one that names a column twice.
    """
    lines = read_byte_lines(file.url, settings.max_row_bytes)
    header = _header(next(lines, None), file)
    waiting: list[ByteLine] = []
    number = 0

    def following() -> ByteLine | None:
        return waiting.pop(0) if waiting else next(lines, None)

    while (line := following()) is not None:
        if not line.raw.strip() and not line.damage:
            continue
        held, raw = [line], line.raw
        while raw.count(b'"') % 2 and not line.damage and len(raw) < settings.max_row_bytes:
            more = following()
            if more is None:
                break
            held.append(more)
            if more.damage:
                break
            raw += b"\n" + more.raw
        row = _csv_row(
            line, raw, header, Row(index, number, line.number, raw, {}, "", line.position), settings
        )
        if row.reason in ("bad_csv", "bad_utf8") and len(held) > 1:
            waiting[:0] = held[1:]
            row = row._replace(raw=line.raw)
        elif len(held) > 1 and held[-1].damage:
            waiting[:0] = held[-1:]
        yield row
        number += 1


def _csv_row(line: ByteLine, raw: bytes, header: list[str], row: Row, settings: FilterSettings) -> Row:
    bad = _unreadable(line, row, settings)
    if bad is not None:
        return bad
    try:
        records = list(csv.reader(io.StringIO(raw.decode("utf-8"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        return row.rejected("bad_utf8", f"byte 0x{raw[error.start]:02x} at offset {error.start}")
    except csv.Error as error:
        return row.rejected("bad_csv", str(error))
    if len(records) != 1 or len(records[0]) != len(header):
        found = f"{len(records[0])} fields" if len(records) == 1 else f"{len(records)} records"
        return row.rejected("bad_csv", f"{found}, the header has {len(header)} columns")
    fields: dict[str, Any] = dict(zip(header, records[0], strict=True))
    row = row._replace(fields=fields)
    return checked_text(
        row, fields.get(settings.text), max_chars=settings.max_chars, present=settings.text in fields
    )


def _header(line: ByteLine | None, file: InputFile) -> list[str]:
    if line is None or line.damage:
        raise InputError(f"{file.url}: expected a header line of column names, got none; add one")
    try:
        (header,) = csv.reader([line.raw.decode("utf-8")], strict=True)
    except (ValueError, csv.Error) as error:
        raise InputError(f"{file.url}: the header cannot be read ({error}); save the file as UTF-8") from None
    if len(set(header)) != len(header):
        raise InputError(f"{file.url}: the header names a column twice; rename one")
    return header


def _unreadable(line: ByteLine, row: Row, settings: FilterSettings) -> Row | None:
    if line.damage:
        return row.rejected("bad_compression", line.damage)
    if line.size > settings.max_row_bytes:
        detail = f"{line.size} bytes, the limit is {settings.max_row_bytes}; only the beginning is kept here"
        return row.rejected("too_long", detail)
    return None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
