"""The input's columns and their types, from the head of each file."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from scopesift_files.errors import InputError
from scopesift_files.row_readers.arrow_types import plain_type
from scopesift_files.row_readers.compressed import open_bytes
from scopesift_files.row_readers.rows import read_rows

from scopesift_filtering.condition import Condition
from scopesift_filtering.input_values import csv_value
from scopesift_filtering.inputs import InputFile
from scopesift_filtering.settings import FilterSettings

SAMPLE_ROWS = 1000
READERS = 16  # files sampled in parallel


@dataclass
class InputColumns:
    """Columns of the input.

    Attributes:
        types: name -> common Arrow type of the column in all files, if there is one.
        clashes: name -> why there is none; an error if the condition reads the column.
    """

    types: dict[str, Any] = field(default_factory=dict)
    clashes: dict[str, str] = field(default_factory=dict)

    def add(self, url: str, name: str, kind: Any) -> None:
        """Add a file's column; types with a common type are widened to it."""
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
            InputError: one of them has no common type over the files.
        """
        import pyarrow as pa

        names = condition.input_columns(list(self.types), ours)
        for name in names:
            if name in self.clashes:
                raise InputError(f"{self.clashes[name]}; filter the files in runs of their own")
        return pa.schema([pa.field(name, self.types[name]) for name in names])


def sample_columns(files: Sequence[InputFile], settings: FilterSettings) -> InputColumns:
    """Columns of the input, and their Arrow types.

    Types come from the schema of Parquet files, otherwise from the first rows (up to 1,000 in all, at least one per
    file): integers, floats, booleans, or text; objects and lists are JSON text. CSV columns are numbers if all sampled
    values are.

    Args:
        files: all inputs; the first rows of each are read.
        settings: limits of a row.
    """
    import pyarrow as pa

    found = InputColumns()
    parquet = [file for file in files if file.format == "parquet"]
    texts = [file for file in files if file.format != "parquet"]

    def read(file: InputFile, most: int = 1) -> list[dict[str, Any]]:
        csv = file.format == "csv"
        rows = itertools.islice(read_rows(file.url, settings.max_row_bytes), most)
        return [
            {name: _kind(csv_value(value) if csv else value) for name, value in row.fields.items()}
            for row in rows
        ]

    with ThreadPoolExecutor(READERS) as pool:
        for file, schema in zip(parquet, pool.map(_parquet_schema, parquet), strict=True):
            for name, kind in schema.items():
                found.add(file.url, name, kind)
        heads = list(itertools.chain.from_iterable(pool.map(read, texts)))
    room = SAMPLE_ROWS
    for file in texts:
        if room > 0:
            rows = read(file, room)
            heads, room = heads + rows, room - len(rows)
    kinds: dict[str, set[Any]] = {}
    for row in heads:
        for name, kind in row.items():
            kinds.setdefault(name, set()).add(kind)
    for name, seen in kinds.items():
        several = seen - {pa.null()}
        if several == {pa.int64(), pa.float64()}:
            several = {pa.float64()}
        kind = several.pop() if len(several) == 1 else pa.string() if several else pa.null()
        found.add(texts[0].url, name, kind)
    found.types = {name: pa.string() if kind == pa.null() else kind for name, kind in found.types.items()}
    return found


def _parquet_schema(file: InputFile) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open_bytes(file.url) as (_, handle):
            schema = pq.read_schema(handle)
    except (pa.ArrowException, OSError):
        return {}  # its rows will be rejected
    if len(set(schema.names)) < len(schema.names):
        return {}  # likewise
    return {one.name: _value_type(one.type) for one in schema}


def _value_type(kind: Any) -> Any:
    """The type of a column's values, also if it is dictionary-encoded."""
    import pyarrow as pa

    kind = plain_type(kind)
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.string() if pa.types.is_large_string(kind) else kind


def _kind(value: Any) -> Any:
    """The Arrow type of a value of a text file."""
    import pyarrow as pa

    if isinstance(value, int) and not isinstance(value, bool):
        return pa.int64() if abs(value) < 2**63 else pa.float64()
    return {type(None): pa.null(), bool: pa.bool_(), float: pa.float64()}.get(type(value), pa.string())
