"""Rows of Parquet files, in slices of a few hundred that share an Arrow table."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from scopesift_files.errors import first_line
from scopesift_files.row_readers.arrow_types import plain_table
from scopesift_files.row_readers.compressed import open_bytes
from scopesift_files.row_readers.formats import compression_of
from scopesift_files.row_readers.row import Row

SLICE_ROWS = 256


class TableSlice:
    """Some rows of a file: an Arrow table, and those of its columns that were already converted to Python values."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.names: list[str] = table.column_names
        self._columns: dict[str, list[Any] | None] = {}

    def __reduce__(self) -> tuple[type[TableSlice], tuple[Any]]:
        return TableSlice, (self.table,)

    def value(self, name: str, at: int) -> Any:
        """The value of a column in a row; raises what Arrow or Python raise if Python can't represent it."""
        if name not in self._columns:
            try:
                self._columns[name] = self.table.column(name).to_pylist()
            except Exception:  # one value can't be converted; convert the others one by one
                self._columns[name] = None
        values = self._columns[name]
        return self.table.column(name)[at].as_py() if values is None else values[at]


class TableRow(Mapping[str, Any]):
    """A row of a table slice as a mapping of column to value.

    Attributes:
        slice: the slice it belongs to.
        at: its index in the slice.
    """

    __slots__ = ("at", "slice")

    def __init__(self, slice: TableSlice, at: int) -> None:
        self.slice, self.at = slice, at

    def __getitem__(self, name: str) -> Any:
        return self.slice.value(name, self.at)

    def __contains__(self, name: object) -> bool:
        return name in self.slice.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.slice.names)

    def __len__(self) -> int:
        return len(self.slice.names)


def parquet_slices(url: str) -> Iterator[list[Row]]:
    """Yields rows in slices; the rows of a slice have `TableRow`s of one table as `fields`.

    View types (as polars writes them) are cast to plain types, also inside lists and structs. A row group that can't be
    read gives rejected rows; a file that is not Parquet or has a repeated column gives one rejected row. Memory stays
    at a few pages, whatever the size of a row group.

    Args:
        url: path or URL; a file compressed as a whole is decompressed in memory.

    Raises:
        InputError, UsageError: as `open_bytes`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    def bad(number: int, detail: str) -> Row:
        return Row(url, number).reject("bad_parquet", detail)

    with open_bytes(url) as (stream, handle):
        try:
            # Parquet readers seek to the end
            source = io.BytesIO(stream.read()) if compression_of(url) else handle
            parquet = pq.ParquetFile(source, pre_buffer=False)
            names = parquet.schema_arrow.names
            size = handle.seek(0, io.SEEK_END)
        except Exception as error:  # from a decompressor, Arrow, or the file system
            yield [bad(0, f"expected Parquet, got something else ({first_line(error)})")]
            return
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            yield [bad(0, f"expected each column once, got {twice!r} twice")]
            return
        number, rows = 0, max(parquet.metadata.num_rows, 1)
        for group in range(parquet.num_row_groups):
            end = number + parquet.metadata.row_group(group).num_rows
            try:
                for batch in parquet.iter_batches(SLICE_ROWS, row_groups=[group], use_threads=False):
                    part = TableSlice(plain_table(pa.Table.from_batches([batch])))
                    here, number = number, number + len(batch)
                    done = int(number / rows * size)
                    yield [
                        Row(url, here + at, position=done, fields=TableRow(part, at))
                        for at in range(len(batch))
                    ]
            except (pa.ArrowException, OSError, ValueError) as error:
                detail = f"row group {group} cannot be read ({first_line(error)})"
                while number < end:
                    yield [bad(number, detail)]
                    number += 1
