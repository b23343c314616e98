"""Rows of JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from scopesift_files.row_readers.formats import suffix_of
from scopesift_files.row_readers.row import Row, json_type


def json_rows(lines: Iterable[Row]) -> Iterator[Row]:
    """Yields one row per non-blank line; it is rejected if it is not a JSON object.

    Stricter than Python's decoder: NaN, Infinity and repeated keys are errors. A `.json` file that holds one value over
    many lines is one rejected row.

    Args:
        lines: as from `read_lines`.
    """
    number = 0
    for row in lines:
        if not row.reason and not row.raw.strip():
            continue
        if number == 0 and row.raw.strip() in (b"[", b"{") and suffix_of(row.file) == ".json":
            yield row.reject("bad_json", "expected one object a line, got one value over many lines")
            return
        row.number, number = number, number + 1
        if not row.reason:
            _parse(row)
        yield row


def _parse(row: Row) -> None:
    line, row.text = row.text, ""
    try:
        fields = _DECODER.decode(line)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error) or type(error).__name__
        row.reject("bad_json", f"expected a JSON object, got invalid JSON ({reason})")
        return
    if not isinstance(fields, dict):
        row.reject(
            "not_an_object", f'expected a JSON object such as {{"text": "…"}}, got {json_type(fields)}'
        )
    elif isinstance(fields, _Repeated):
        row.reject("bad_json", f"expected each column once, got {fields.name!r} twice")
    else:
        row.fields = fields


class _Repeated(dict[str, Any]):
    """An object with a repeated key."""

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
