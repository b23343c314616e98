"""Shards: the unit of work, cut from groups of files by content only, so that every engine cuts the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scopesift_filtering.inputs import Group
from scopesift_filtering.parquet_rows import parquet_slices
from scopesift_filtering.row import Row
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.text_rows import csv_rows, jsonl_rows


@dataclass(frozen=True)
class Shard:
    """A run of neighbouring rows.

    Attributes:
        group: index of its group.
        number: of the shard inside the group.
        format: of its files.
        rows: all of them, rejected ones too.
        tables: Arrow tables of the Parquet rows, in order.
        content: SHA-256 of everything that was read.
        disk_bytes: of the input on disk that it took up, for progress.
    """

    group: int
    number: int
    format: str
    rows: list[Row]
    tables: list[Any] = field(default_factory=list)
    content: str = ""
    disk_bytes: int = 0

    @property
    def name(self) -> str:
        """What its files are called; sorts in input order."""
        return f"{self.group:05d}-{self.number:06d}"


def read_shards(group: Group, settings: FilterSettings, limit: int | None = None) -> Iterator[Shard]:
    """Cut a group into shards.

    Args:
        group: the files to read.
        settings: sizes of a shard, name of the text column, limits.
        limit: rows that may be read; None: all.
    """
    number = 0
    builder = _Builder(group, settings, {})
    for rows, table in _pieces(group, settings):
        if limit is not None:
            rows, limit = rows[:limit], limit - len(rows)
            table = None if table is None else table.slice(0, len(rows))
        if rows:
            builder.add(rows, table)
        if builder.full:
            yield builder.shard(number)
            number, builder = number + 1, _Builder(group, settings, builder.end)
        if limit is not None and limit <= 0:
            break
    if builder.rows:
        yield builder.shard(number)


def _pieces(group: Group, settings: FilterSettings) -> Iterator[tuple[list[Row], Any | None]]:
    for place, file in enumerate(group.files):
        index = group.first + place
        if file.format == "parquet":
            yield from parquet_slices(file, index, settings)
            continue
        read = jsonl_rows if file.format == "jsonl" else csv_rows
        for row in read(file, index, settings):
            yield [row], None


class _Builder:
    def __init__(self, group: Group, settings: FilterSettings, begin: dict[int, int]) -> None:
        self.group, self.settings = group, settings
        self.begin, self.end = begin, dict[int, int]()
        self.rows: list[Row] = []
        self.tables: list[Any] = []
        self.size = 0
        self.hash = hashlib.sha256()

    @property
    def full(self) -> bool:
        return len(self.rows) >= self.settings.shard_rows or self.size >= self.settings.shard_bytes

    def add(self, rows: list[Row], table: Any | None) -> None:
        self.rows += rows
        for row in rows:
            self.hash.update(f"{row.file} {row.row} {row.line} {len(row.raw)} {row.reason}\n".encode())
            self.hash.update(row.raw)
            self.size += len(row.raw)
            self.end[row.file] = row.position
            if self.group.files[0].format == "csv":
                self.hash.update("\0".join(row.fields).encode())  # the header is not in the rows
        if table is not None:
            self.tables.append(table)
            data = _table_bytes(table)
            self.hash.update(data)
            self.size += len(data)

    def shard(self, number: int) -> Shard:
        digest = self.hash.hexdigest()
        written_as = self.group.files[0].format
        read = sum(end - self.begin.get(file, 0) for file, end in self.end.items())
        return Shard(self.group.index, number, written_as, self.rows, self.tables, digest, read)


def _table_bytes(table: Any) -> memoryview:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())
