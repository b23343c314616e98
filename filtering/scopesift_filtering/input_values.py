"""The values of the input's columns that a condition reads, row by row."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from scopesift_files.errors import first_line

from scopesift_filtering.shards.shard import Shard, by_table

_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]*)")  # leading zeros are codes, not numbers
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_CODE = re.compile(r"[+-]?0[^.]+")
_SURROGATES = re.compile(
    "[\ud800-\udfff]"
)  # lone ones, which Arrow can't hold; the tokenizer reads U+FFFD too


def input_table(
    shard: Shard, at: Sequence[int], schema: Any, ambiguous: set[str]
) -> tuple[Any, dict[int, str]]:
    """The values of some rows of a shard.

    Args:
        shard: where the rows are.
        at: numbers of the rows in the shard.
        schema: Arrow schema of the columns.
        ambiguous: our columns that the condition names bare, case-folded.

    Returns:
        The table `[len(at)]`, null where a row has no sound value, and those rows' numbers with the reason.
    """
    import pyarrow as pa

    bad: dict[int, str] = {}
    for number in at if ambiguous else ():
        clash = next((name for name in shard.rows[number].fields if name.casefold() in ambiguous), None)
        if clash is not None:
            bad[number] = f"there is a column {clash!r}, which is a name of ours here"
    columns: list[list[Any]] = [[] for _ in schema]
    if shard.format == "parquet":
        parts = [(table.take(places), numbers) for table, places, numbers in by_table(shard, at)]
    else:
        parts = [([shard.rows[number].fields for number in at], list(at))]
    for part, numbers in parts:
        for held, column in zip(columns, schema, strict=True):
            if shard.format == "parquet":
                values, wrong = _cast(part, column)
            else:
                values, wrong = _typed(part, column, csv=shard.format == "csv")
            held.append(values)
            for place, why in wrong.items():
                bad.setdefault(numbers[place], f"expected {column.type} in {column.name!r}, got {why}")
    arrays = [pa.chunked_array(held, column.type) for held, column in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema), bad


def csv_value(value: str) -> Any:
    """What stands in a field of CSV: null, a whole number, a number, or text."""
    if _WHOLE.fullmatch(value) and abs(int(value)) < 2**63:
        return int(value)
    return float(value) if _NUMBER.fullmatch(value) and not _CODE.fullmatch(value) else value or None


def _typed(rows: list[Any], column: Any, *, csv: bool) -> tuple[Any, dict[int, str]]:
    """The values of text rows as the column's type has them; and what is there instead, by place."""
    import pyarrow as pa

    values, wrong = [], {}
    for place, fields in enumerate(rows):
        value = fields.get(column.name)
        if csv and value is not None and column.type != pa.string():
            value = csv_value(value)
        try:
            values.append(_as_type(value, column.type))
        except (pa.ArrowException, ArithmeticError, ValueError, TypeError):
            values.append(None)
            wrong[place] = json.dumps(value, ensure_ascii=False)[:80]
    return pa.array(values, column.type), wrong


def _as_type(value: Any, kind: Any) -> Any:
    import pyarrow as pa

    if value is None:
        return None
    if kind == pa.string():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return _SURROGATES.sub("\ufffd", text)
    if kind == pa.float64() and type(value) is int:
        return float(value)
    held = pa.array([value], kind)[0].as_py()
    if held != value or isinstance(held, bool) != isinstance(value, bool):
        raise ValueError(value)
    return held


def _cast(table: Any, column: Any) -> tuple[Any, dict[int, str]]:
    """A column of Parquet rows in another type, null where a value cannot be cast; and why not, by place."""
    import pyarrow as pa

    if column.name not in table.column_names:
        return pa.nulls(len(table), column.type), {}
    held = table.column(column.name).combine_chunks()
    try:
        return held.cast(column.type), {}
    except pa.ArrowException:
        pass  # value by value, then
    values, wrong = [], {}
    for place in range(len(held)):
        try:
            values.append(held.slice(place, 1).cast(column.type))
        except pa.ArrowException as error:
            values.append(pa.nulls(1, column.type))
            wrong[place] = first_line(error)
    return pa.concat_arrays(values), wrong
