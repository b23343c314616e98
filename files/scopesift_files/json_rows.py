"""Rows of JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from scopesift_files.byte_lines import ByteLine
from scopesift_files.formats import suffix_of
from scopesift_files.row import Row, json_type, no_utf8


def json_rows(lines: Iterable[ByteLine], file: str) -> Iterator[Row]:
    """Yields one row a line that is not blank, with the reason if it is not a JSON object.

    Strict where Python's decoder is not: NaN and Infinity are no JSON, and no object may name a column twice. A
    `.json` file that holds one value over many lines is one rejected row.

    Args:
        lines: as from `read_byte_lines`.
        file: what the rows' `file` says.
    """
    number = 0
    for line in lines:
        if not line.reason and not line.raw.strip():
            continue
        row = _row(line, file, number)
        if suffix_of(file) == ".json" and number == 0 and line.raw.strip() in (b"[", b"{"):
            yield row.rejected("bad_json", "expected one object a line, got one value over many lines")
            return
        yield row
        number += 1


def _row(line: ByteLine, file: str, number: int) -> Row:
    row = Row(file, number, line.number, line.raw, {}, line.position, line.reason, line.detail)
    if row.reason:
        return row
    try:
        fields = _DECODER.decode(line.raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        return row.rejected("bad_utf8", no_utf8(error))
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error) or type(error).__name__
        return row.rejected("bad_json", f"expected a JSON object, got what is not JSON ({reason})")
    if not isinstance(fields, dict):
        got = json_type(fields)
        return row.rejected("not_an_object", f'expected a JSON object such as {{"text": "…"}}, got {got}')
    if isinstance(fields, _Repeated):
        return row.rejected("bad_json", f"expected each column once, got {fields.name!r} twice")
    return row._replace(fields=fields)


class _Repeated(dict[str, Any]):
    """An object that holds a name more than once."""

    name = ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    names = [name for name, _ in pairs]
    repeated = _Repeated(fields)
    repeated.name = next(name for name in names if names.count(name) > 1)
    return repeated


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)
