"""The input's columns that a condition reads: their types from a sample, and their values row by row."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from scopesift_files.arrow_types import plain_type
from scopesift_files.errors import InputError, first_line
from scopesift_files.row import Row
from scopesift_files.rows import read_rows

from scopesift_filtering.condition import Condition
from scopesift_filtering.inputs import InputFile
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shards.shard import Shard, by_table

SAMPLE_ROWS = 1000
READERS = 16  # heads of files that are fetched at once
_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]*)")  # leading zeros are codes, not numbers
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass
class InputColumns:
    """Columns of the input.

    Attributes:
        types: name -> Arrow type that holds what all files have under it, as far as there is one.
        clashes: name -> why there is none; matters where a condition reads the column.
    """

    types: dict[str, Any] = field(default_factory=dict)
    clashes: dict[str, str] = field(default_factory=dict)

    def add(self, url: str, name: str, kind: Any) -> None:
        """Take in what a file holds under a name; types that one type can hold are widened to it."""
        import pyarrow as pa

        held = self.types.setdefault(name, kind)
        try:
            both = pa.unify_schemas(
                [pa.schema([(name, held)]), pa.schema([(name, kind)])], promote_options="permissive"
            )
            self.types[name] = both.field(0).type
        except pa.ArrowException:
            self.clashes.setdefault(name, f"{url}: column {name!r} is {kind}, in other files {held}")

    def schema(self, condition: Condition, ours: Sequence[str]) -> Any:
        """Arrow schema of the columns that a condition reads.

        Args:
            condition: what reads them.
            ours: names of our columns.

        Raises:
            UsageError: as `Condition.input_columns`.
            InputError: files give one of them types that no type holds.
        """
        import pyarrow as pa

        names = condition.input_columns(list(self.types), ours)
        for name in names:
            if name in self.clashes:
                raise InputError(f"{self.clashes[name]}; filter the files in runs of their own")
        return pa.schema([pa.field(name, self.types[name]) for name in names])


def sample_columns(files: Sequence[InputFile], settings: FilterSettings) -> InputColumns:
    """Columns of the input, and their Arrow types.

    Of Parquet files the schema says; of others the first rows (up to 1,000 in all, at least one a file): whole
    numbers, numbers, booleans, or text; objects and lists are JSON text. CSV columns are numbers if all that the
    sample holds are.

    Args:
        files: all inputs; the head of each is read.
        settings: limits of a row.
    """
    import pyarrow as pa

    found = InputColumns()
    kinds: dict[str, set[str]] = {}
    texts = [file for file in files if file.format != "parquet"]
    room = SAMPLE_ROWS

    def read(file: InputFile, most: int = 1) -> list[tuple[bool, Mapping[str, Any]]]:
        rows = itertools.islice(read_rows(file.url, settings.max_row_bytes), most)
        return [(file.format == "csv", row.fields) for row in rows]

    with ThreadPoolExecutor(READERS) as pool:
        parquet = [file for file in files if file.format == "parquet"]
        for file, schema in zip(parquet, pool.map(_parquet_schema, parquet), strict=True):
            for name, kind in schema.items():
                found.add(file.url, name, kind)
        heads = list(itertools.chain.from_iterable(pool.map(read, texts)))
    for file in texts:
        if room <= 0:
            break
        rows = read(file, room)
        heads, room = heads + rows, room - len(rows)
    for csv, fields in heads:
        for name, value in fields.items():
            kinds.setdefault(name, set()).add(_kind(value, csv=csv))
    arrow = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    for name, seen in kinds.items():
        seen = seen - {"null"}
        kind = "float" if seen == {"int", "float"} else next(iter(seen)) if len(seen) == 1 else "text"
        found.add(texts[0].url, name, arrow.get(kind, pa.string()) if seen else pa.null())
    found.types = {name: pa.string() if kind == pa.null() else kind for name, kind in found.types.items()}
    return found


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
        for column in schema:
            value, wrong = _value(row, column, csv=csv)
            if wrong:
                bad.setdefault(number, wrong)
            values[column.name].append(value)
    return pa.table({one.name: pa.array(values[one.name], one.type) for one in schema}), bad


def _parquet_schema(file: InputFile) -> dict[str, Any]:
    import fsspec
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with fsspec.open(file.url, "rb") as handle:
            schema = pq.read_schema(handle)
    except (pa.ArrowException, OSError):
        return {}  # its rows go to the dead letter
    if len(set(schema.names)) < len(schema.names):
        return {}  # likewise
    return {one.name: _value_type(one.type) for one in schema}


def _value_type(kind: Any) -> Any:
    """The type of the values of a column, whether they are held in a dictionary or not."""
    import pyarrow as pa

    kind = plain_type(kind)
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.string() if pa.types.is_large_string(kind) else kind


def _parquet_values(
    shard: Shard, at: Sequence[int], schema: Any, ambiguous: set[str], bad: dict[int, str]
) -> Any:
    import pyarrow as pa

    pieces = []
    for table, places, numbers in by_table(shard, at):
        clash = next((name for name in table.column_names if name.casefold() in ambiguous), None)
        if clash is not None:
            bad |= dict.fromkeys(numbers, f"there is a column {clash!r}, which is a name of ours here")
        part = table.take(places)
        columns = []
        for one in schema:
            absent = one.name not in table.column_names
            column = _nulls(len(numbers), one.type) if absent else part.column(one.name)
            values, wrong = _cast(column, one.type)
            columns.append(values)
            for place, why in wrong.items():
                bad.setdefault(numbers[place], f"column {one.name!r} is not {one.type}: {why}")
        pieces.append(pa.table(columns, schema=schema))
    return pa.concat_tables(pieces) if pieces else schema.empty_table()


def _cast(column: Any, kind: Any) -> tuple[Any, dict[int, str]]:
    """A column as another type, null where a value cannot be cast; and why not, by place."""
    import pyarrow as pa

    try:
        return column.cast(kind), {}
    except pa.ArrowException as error:
        if len(column) < 2:
            return _nulls(len(column), kind), dict.fromkeys(range(len(column)), first_line(error))
    values: list[Any] = []
    wrong: dict[int, str] = {}
    for place in range(len(column)):
        value, why = _cast(column.slice(place, 1), kind)
        values += value.chunks
        wrong |= {place: why[0]} if why else {}
    return pa.chunked_array(values, kind), wrong


def _nulls(count: int, kind: Any) -> Any:
    import pyarrow as pa

    return pa.chunked_array([pa.nulls(count, kind)])


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


def _value(row: Row, column: Any, *, csv: bool) -> tuple[Any, str]:
    """A row's value as the column's type has it, and what is wrong with it."""
    import pyarrow as pa

    value = row.fields.get(column.name)
    if value is None or (csv and value == "" and column.type != pa.string()):
        return None, ""
    kind = _kind(value, csv=csv)
    if column.type == pa.string():
        return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)), ""
    if column.type == pa.int64() and kind == "int":
        return int(value), ""
    if column.type == pa.float64() and kind in ("int", "float"):
        return float(value), ""
    if column.type == pa.bool_() and kind == "bool":
        return value, ""
    expected = {pa.int64(): "a whole number", pa.float64(): "a number", pa.bool_(): "true or false"}
    if column.type not in expected:  # one that only a Parquet file can have given
        try:
            return pa.array([value]).cast(column.type)[0].as_py(), ""
        except (pa.ArrowException, ValueError, OverflowError):
            pass  # said below
    shown = json.dumps(value, ensure_ascii=False)[:80]
    return None, f"column {column.name!r} is {shown}, expected {expected.get(column.type, column.type)}"
