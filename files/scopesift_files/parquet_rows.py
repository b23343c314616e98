"""Rows of Parquet files, in slices of a few hundred that share an Arrow table."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from scopesift_files.arrow_types import plain_table
from scopesift_files.byte_lines import open_bytes
from scopesift_files.errors import first_line
from scopesift_files.formats import compression_of
from scopesift_files.row import Row

SLICE_ROWS = 256


class TableRow(Mapping[str, Any]):
    """A row of an Arrow table as a mapping of column to value, converted when it is asked for.

    Attributes:
        table: the table, shared by the rows of a slice.
        at: number of the row in it.
    """

    __slots__ = ("at", "table")

    def __init__(self, table: Any, at: int) -> None:
        self.table, self.at = table, at

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return self.table.column(name)[self.at].as_py()

    def __contains__(self, name: object) -> bool:
        return name in self.table.column_names

    def __iter__(self) -> Iterator[str]:
        return iter(self.table.column_names)

    def __len__(self) -> int:
        return int(self.table.num_columns)


def parquet_slices(url: str) -> Iterator[list[Row]]:
    """Yields rows in slices; the `fields` of those of one slice are `TableRow`s of one table.

    Columns of types that Arrow cannot select rows of (views, as polars writes them) come as the plain types, also
    inside of lists and structs. A row group that cannot be read gives rejected rows, and a file that is no Parquet,
    or names a column twice, a single one. Memory stays at a few pages, whatever the size of a row group.

    Args:
        url: path or URL; one that is compressed as a whole is unpacked in memory.

    Raises:
        InputError, UsageError: as `open_bytes`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    def bad(number: int, detail: str) -> Row:
        return Row(url, number, 0, reason="bad_parquet", detail=detail)

    with open_bytes(url) as (stream, handle):
        try:
            # Parquet is read from its end
            source = io.BytesIO(stream.read()) if compression_of(url) else handle
            parquet = pq.ParquetFile(source, pre_buffer=False)
            names = parquet.schema_arrow.names
            size = handle.seek(0, io.SEEK_END)
        except Exception as error:  # a decompressor's, Arrow's, or the file system's
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
                    table = plain_table(pa.Table.from_batches([batch]))
                    done = int((number + len(table)) / rows * size)
                    yield [
                        Row(url, number + at, 0, b"", TableRow(table, at), done) for at in range(len(table))
                    ]
                    number += len(table)
            except (pa.ArrowException, OSError, ValueError) as error:
                detail = f"expected row group {group}, got what cannot be read ({first_line(error)})"
                while number < end:
                    yield [bad(number, detail)]
                    number += 1
