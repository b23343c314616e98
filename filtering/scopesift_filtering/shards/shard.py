"""Shards: the unit of work, split from groups of files by content only, so that all engines make the same shards."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from scopesift_files.row_readers.parquet_rows import TableRow, parquet_slices
from scopesift_files.row_readers.row import Row
from scopesift_files.row_readers.rows import read_rows

from scopesift_filtering.inputs import Group
from scopesift_filtering.settings import FilterSettings


@dataclass(frozen=True)
class Shard:
    """Consecutive rows of a group.

    Attributes:
        group: index of its group.
        number: index inside the group.
        format: of its files.
        rows: all rows, including rejected ones.
        content: SHA-256 of everything that was read.
        disk_bytes: its size in the input on disk, for progress.
    """

    group: int
    number: int
    format: str
    rows: list[Row]
    content: str = ""
    disk_bytes: int = 0

    @property
    def name(self) -> str:
        """Base name of its files; sorts in input order."""
        return f"{self.group:05d}-{self.number:06d}"


def read_shards(group: Group, settings: FilterSettings, limit: int | None = None) -> Iterator[Shard]:
    """Split a group into shards.

    Args:
        group: the files to read.
        settings: sizes of a shard, name of the text column, limits.
        limit: maximum number of rows; None: all.
    """
    number = 0
    builder = _Builder(group, settings, {})
    for rows in _pieces(group, settings):
        if limit is not None:
            rows, limit = rows[:limit], limit - len(rows)
        if rows:
            builder.add(rows)
        if builder.full:
            yield builder.shard(number)
            number, builder = number + 1, _Builder(group, settings, builder.end)
        if limit is not None and limit <= 0:
            break
    if builder.rows:
        yield builder.shard(number)


def _pieces(group: Group, settings: FilterSettings) -> Iterator[list[Row]]:
    """Rows that are not split further: those of one Arrow table, or one row of a text file."""
    for file in group.files:
        if file.format == "parquet":
            pieces = parquet_slices(file.url)
        else:
            pieces = ([row] for row in read_rows(file.url, settings.max_row_bytes))
        for rows in pieces:
            yield [row.with_text(settings.text, max_chars=settings.max_chars, blank=False) for row in rows]


class _Builder:
    def __init__(self, group: Group, settings: FilterSettings, begin: dict[str, int]) -> None:
        self.group, self.settings = group, settings
        self.begin, self.end = begin, dict[str, int]()
        self.rows: list[Row] = []
        self.size = 0
        self.hash = hashlib.sha256()

    @property
    def full(self) -> bool:
        return len(self.rows) >= self.settings.shard_rows or self.size >= self.settings.shard_bytes

    def add(self, rows: list[Row]) -> None:
        self.rows += rows
        for row in rows:
            self.hash.update(f"{row.file} {row.number} {row.line} {len(row.raw)} {row.reason}\n".encode())
            self.hash.update(row.raw)
            self.size += len(row.raw)
            self.end[row.file] = row.position
            if self.group.files[0].format == "csv":
                self.hash.update("\0".join(row.fields).encode())  # the header is not part of the rows
        if isinstance(rows[0].fields, TableRow):
            data = _table_bytes(rows[0].fields.slice.table.slice(0, len(rows)))
            self.hash.update(data)
            self.size += len(data)

    def shard(self, number: int) -> Shard:
        digest = self.hash.hexdigest()
        written_as = self.group.files[0].format
        read = sum(end - self.begin.get(file, 0) for file, end in self.end.items())
        return Shard(self.group.index, number, written_as, self.rows, digest, read)


def by_table(shard: Shard, numbers: Sequence[int]) -> Iterator[tuple[Any, list[int], list[int]]]:
    """The Arrow tables of Parquet rows, each with the rows' indices in the table and in the shard.

    Args:
        shard: the shard.
        numbers: indices of readable rows, ascending.
    """
    rows = [(cast(TableRow, shard.rows[number].fields), number) for number in numbers]
    for _, pairs in itertools.groupby(rows, key=lambda pair: id(pair[0].slice)):
        part = list(pairs)
        yield part[0][0].slice.table, [row.at for row, _ in part], [number for _, number in part]


def _table_bytes(table: Any) -> memoryview:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())
