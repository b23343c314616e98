"""Rows of a Parquet file: slices of its table, and the text of each row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scopesift_files.errors import InputError

from scopesift_filtering.inputs import InputFile
from scopesift_filtering.row import Row, checked_text
from scopesift_filtering.settings import FilterSettings

SLICE_ROWS = 256


def parquet_slices(
    file: InputFile, index: int, settings: FilterSettings
) -> Iterator[tuple[list[Row], Any | None]]:
    """Yields rows and the Arrow table that holds their columns, row for row.

    A row group that cannot be read gives rejected rows and no table. Memory stays at a few pages, whatever
    the size of a row group.

    Args:
        file: what to read.
        index: of the file in the run's list.
        settings: name of the text column and limits.
    """
    import fsspec
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        handle = fsspec.open(file.url, "rb").open()
    except Exception as error:
        raise InputError(f"{file.url}: cannot be opened ({error}); check that it is there") from None
    with handle:
        try:
            parquet = pq.ParquetFile(handle, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            yield [Row(index, 0, 0, b"", {}, "", 0, "bad_parquet", _first_line(error))], None
            return
        number = 0
        for group in range(parquet.num_row_groups):
            end = number + parquet.metadata.row_group(group).num_rows
            try:
                for batch in parquet.iter_batches(SLICE_ROWS, row_groups=[group], use_threads=False):
                    table = pa.Table.from_batches([batch])
                    share = (number + len(table)) / max(parquet.metadata.num_rows, 1)
                    yield _rows(table, index, number, settings, int(share * max(file.size, 0))), table
                    number += len(table)
            except (pa.ArrowException, OSError) as error:
                detail = f"row group {group}: {_first_line(error)}"
                while number < end:
                    yield [Row(index, number, 0, b"", {}, "", 0, "bad_parquet", detail)], None
                    number += 1


def _rows(table: Any, index: int, first: int, settings: FilterSettings, position: int) -> list[Row]:
    rows = [Row(index, first + at, 0, b"", {}, "", position) for at in range(len(table))]
    present = settings.text in table.column_names
    if not present:
        return [checked_text(row, None, max_chars=settings.max_chars, present=False) for row in rows]
    column = table.column(settings.text)
    checked = []
    for row, scalar in zip(rows, column, strict=True):
        try:
            value = scalar.as_py()
        except UnicodeDecodeError as error:
            raw = scalar.as_buffer().to_pybytes()
            checked.append(row._replace(raw=raw).rejected("bad_utf8", f"at offset {error.start}"))
            continue
        if isinstance(value, bytes):
            row = row._replace(raw=value)
        checked.append(checked_text(row, value, max_chars=settings.max_chars))
    return checked


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
