"""The input's columns that a condition reads: their types from a sample, and their values row by row."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from scopesift_files.errors import InputError

from scopesift_filtering.condition import Condition
from scopesift_filtering.inputs import InputFile
from scopesift_filtering.row import Row
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shard import Shard
from scopesift_filtering.text_rows import csv_rows, jsonl_rows

SAMPLE_ROWS = 1000
_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]*)")  # leading zeros are codes, not numbers
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def sample_columns(files: Sequence[InputFile], settings: FilterSettings) -> dict[str, Any]:
    """Columns of the input, and their Arrow types.

    Of Parquet files the schema says; of others the first rows of each (up to 1,000 in all, at least one a file
    for the first hundred files): whole numbers, numbers, booleans, or text; objects and lists are JSON text. CSV
    columns are numbers if all that the sample holds are.

    Raises:
        InputError: files that give a column different types.
    """
    import pyarrow as pa

    seen: dict[str, set[str]] = {}
    types: dict[str, Any] = {}
    room = SAMPLE_ROWS
    for index, file in enumerate(files[:100]):
        if file.format == "parquet":
            for name, kind in _parquet_schema(file).items():
                if types.setdefault(name, kind) != kind:
                    raise InputError(f"{file.url}: column {name!r} is {kind}, in other files {types[name]}")
            continue
        read = jsonl_rows if file.format == "jsonl" else csv_rows
        rows = list(itertools.islice(read(file, index, settings), max(room, 1)))
        room -= len(rows)
        for row in rows:
            for name, value in row.fields.items():
                seen.setdefault(name, set()).add(_kind(value, csv=file.format == "csv"))
    arrow = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    for name, kinds in seen.items():
        kinds = kinds - {"null"}
        kind = "float" if kinds == {"int", "float"} else next(iter(kinds)) if len(kinds) == 1 else "text"
        types.setdefault(name, arrow.get(kind, pa.string()))
    return types


def input_table(
    shard: Shard, at: Sequence[int], schema: Any, ambiguous: set[str]
) -> tuple[Any, dict[int, str]]:
    """The values of the columns that the condition reads, for some rows of a shard.

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
    if shard.format == "parquet":
        return _parquet_values(shard, at, schema, ambiguous, bad), bad
    values: dict[str, list[Any]] = {name: [] for name in schema.names}
    csv = shard.format == "csv"
    for number in at:
        row = shard.rows[number]
        clash = next((name for name in row.fields if name.casefold() in ambiguous), None)
        if clash is not None:
            bad[number] = f"the row has a column {clash!r}, which is a name of ours here"
        for field in schema:
            value, wrong = _value(row, field, csv=csv)
            if wrong:
                bad.setdefault(number, wrong)
            values[field.name].append(value)
    return pa.table({field.name: pa.array(values[field.name], field.type) for field in schema}), bad


def condition_schema(condition: Condition, types: Mapping[str, Any], ours: Sequence[str]) -> Any:
    """Schema of the input columns that a condition reads."""
    import pyarrow as pa

    return pa.schema([pa.field(name, types[name]) for name in condition.input_columns(list(types), ours)])


def _parquet_schema(file: InputFile) -> dict[str, Any]:
    import fsspec
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with fsspec.open(file.url, "rb") as handle:
            schema = pq.read_schema(handle)
    except (pa.ArrowException, OSError):
        return {}  # its rows go to the dead letter
    return {field.name: field.type for field in schema}


def _parquet_values(
    shard: Shard, at: Sequence[int], schema: Any, ambiguous: set[str], bad: dict[int, str]
) -> Any:
    import pyarrow as pa

    wanted = set(at)
    pieces = []
    number = 0
    tables = iter(shard.tables)
    while number < len(shard.rows):
        if shard.rows[number].reason == "bad_parquet":
            number += 1
            continue
        table = next(tables)
        here = [place for place in range(len(table)) if number + place in wanted]
        part = table.take(pa.array(here, pa.int64()))
        clash = next((name for name in table.column_names if name.casefold() in ambiguous), None)
        columns = {}
        for field in schema:
            wrong = "" if clash is None else f"there is a column {clash!r}, which is a name of ours here"
            try:
                columns[field.name] = part.column(field.name).cast(field.type)
            except (KeyError, pa.ArrowException) as error:
                columns[field.name] = pa.nulls(len(here), field.type)
                wrong = f"column {field.name!r} is not {field.type}: {error}"
            if wrong:
                bad.update({number + place: wrong for place in here})
        pieces.append(pa.table(columns, schema=schema))
        number += len(table)
    return pa.concat_tables(pieces) if pieces else schema.empty_table()


def _kind(value: Any, *, csv: bool) -> str:
    if csv:
        if value == "":
            return "null"
        if _WHOLE.fullmatch(value) and abs(int(value)) < 2**63:
            return "int"
        zeros = len(value) > 1 and value.lstrip("+-").startswith("0") and "." not in value
        return "float" if _NUMBER.fullmatch(value) and not zeros else "text"
    if value is None:
        return "null"
    if isinstance(value, int) and not isinstance(value, bool):
        return "int" if abs(value) < 2**63 else "float"
    return {bool: "bool", float: "float", str: "text"}.get(type(value), "json")


def _value(row: Row, field: Any, *, csv: bool) -> tuple[Any, str]:
    """A row's value as the column's type has it, and what is wrong with it."""
    import pyarrow as pa

    value = row.fields.get(field.name)
    if value is None or (csv and value == "" and field.type != pa.string()):
        return None, ""
    kind = _kind(value, csv=csv)
    if field.type == pa.string():
        return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)), ""
    if field.type == pa.int64() and kind == "int":
        return int(value), ""
    if field.type == pa.float64() and kind in ("int", "float"):
        return float(value), ""
    if field.type == pa.bool_() and kind == "bool":
        return value, ""
    expected = {pa.int64(): "a whole number", pa.float64(): "a number", pa.bool_(): "true or false"}
    shown = json.dumps(value, ensure_ascii=False)[:80]
    return None, f"column {field.name!r} is {shown}, expected {expected[field.type]}"
