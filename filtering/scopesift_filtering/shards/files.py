"""The files of a finished shard: attributes, kept, dropped and rejected rows, then its marker."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scopesift_files.atomic import write_atomically
from scopesift_files.errors import InputError, first_line
from scopesift_files.row_readers.parquet_rows import TableRow
from scopesift_files.row_readers.row import Row, json_type

from scopesift_filtering.columns import ADDED
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shards.marker import Marker, write_marker
from scopesift_filtering.shards.result import ShardResult
from scopesift_filtering.shards.shard import by_table
from scopesift_filtering.shards.summary import make_marker


def write_shard(out: Path, result: ShardResult, settings: FilterSettings, run: str) -> Marker:
    """Write a shard's files atomically, and its marker last.

    Args:
        out: folder of the run.
        result: the judged shard.
        settings: mode and compression.
        run: digest of the run's identity.

    Raises:
        ScopeError: a file can't be written; the shard then has no marker.
    """
    shard = result.shard
    parquet, jsonl = shard.format == "parquet", shard.format == "jsonl"
    suffix = (
        ".parquet"
        if parquet
        else {"zst": ".jsonl.zst", "gz": ".jsonl.gz", "none": ".jsonl"}[settings.compression]
    )
    content: dict[str, Any] = {}
    if settings.scores:
        rows = _attributes(result, settings)
        content[f"attributes/{shard.name}{suffix}"] = (
            _attribute_table(rows, result) if parquet else _lines(rows)
        )
    if settings.splits and parquet:
        content[f"kept/{shard.name}{suffix}"] = _parquet_rows(result, result.kept, None)
        whys = _why(result)
        content[f"dropped/{shard.name}{suffix}"] = _parquet_rows(result, list(result.dropped), whys)
    elif settings.splits:
        content[f"kept/{shard.name}{suffix}"] = [_original(result.rows[at], jsonl) for at in result.kept]
        whys = _why(result)
        content[f"dropped/{shard.name}{suffix}"] = [
            _with_reason(result.rows[at], why, jsonl) for at, why in zip(result.dropped, whys, strict=True)
        ]
    bad = [number for number, row in enumerate(result.rows) if row.reason]
    if bad:
        end = {"zst": ".zst", "gz": ".gz", "none": ""}[settings.compression]
        content[f"rejected/{shard.name}.jsonl{end}"] = _lines(_dead_letters(result, bad))
    hashes = {}
    for name, value in content.items():
        if value is not None and (not isinstance(value, list) or value):
            hashes[name] = _write(out / name, value, settings.compression)
    marker = make_marker(result, run, hashes)
    write_marker(out, marker)
    return marker


def _write(path: Path, value: Any, compression: str) -> str:
    digest = ""

    def write(temporary: Path) -> None:
        nonlocal digest
        if isinstance(value, list):
            temporary.write_bytes(_compressed(b"".join(line + b"\n" for line in value), compression))
        else:
            import pyarrow.parquet as pq

            pq.write_table(value, temporary, compression="zstd")
        with temporary.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()

    write_atomically(path, write)
    return digest


def _compressed(data: bytes, compression: str) -> bytes:
    if compression == "gz":
        return gzip.compress(data, 6, mtime=0)
    if compression == "zst":
        import zstandard

        return zstandard.ZstdCompressor(level=3).compress(data)
    return data


def _original(row: Row, jsonl: bool) -> bytes:
    """A JSONL row unchanged; a CSV row as an object of strings."""
    return row.raw if jsonl else _dump(row.fields)


def _with_reason(row: Row, why: dict[str, Any], jsonl: bool) -> bytes:
    """The row with our column appended; its own bytes are unchanged."""
    line = _original(row, jsonl).rstrip()
    body = line[:-1].rstrip()
    return body + (b"" if body == b"{" else b", ") + _dump(ADDED) + b": " + _dump(why) + b"}"


def _why(result: ShardResult) -> list[dict[str, Any]]:
    place_of = {number: place for place, number in enumerate(result.judged)}
    dropped = result.ours.take([place_of[number] for number in result.dropped]) if result.dropped else None
    scores = [] if dropped is None else dropped.to_pylist()
    return [
        {**_place(result.rows[number]), "reasons": reasons, "scores": score}
        for (number, reasons), score in zip(result.dropped.items(), scores, strict=True)
    ]


def _attributes(result: ShardResult, settings: FilterSettings) -> list[dict[str, Any]]:
    """One record per row of the shard, in input order, including rejected rows."""
    scores = dict(zip(result.judged, result.ours.to_pylist(), strict=True))
    kept = set(result.kept)
    records = []
    for number, row in enumerate(result.rows):
        status = "rejected" if row.reason else "kept" if number in kept else "dropped"
        reasons = [row.reason] if row.reason else result.dropped.get(number, [])
        nothing = dict.fromkeys(result.ours.column_names)
        records.append(
            {
                **_place(row),
                **(_document(row) if settings.dolma else {}),
                "status": status,
                "reasons": reasons,
                **(scores.get(number) or nothing),
            }
        )
    return records


def _document(row: Row) -> dict[str, str]:
    """What dolma knows a document by.

    Raises:
        InputError: the row has no id; dolma matches attributes to documents by id, line by line.
    """
    found, source = row.fields.get("id"), row.fields.get("source")
    if not isinstance(found, str):
        if row.reason and not row.fields and row.reason != "no_text":
            raise InputError(
                f"{row.place}: the line cannot be read ({row.detail}), and --attributes-format dolma needs the 'id' of "
                "every line; fix or remove it, or leave the option out"
            )
        raise InputError(
            f"{row.place}: --attributes-format dolma expects a string 'id' in every row, got {json_type(found)}; "
            "fix or remove the row, or leave the option out"
        )
    return {"id": found, "source": source if isinstance(source, str) else ""}


def _attribute_table(records: list[dict[str, Any]], result: ShardResult) -> Any:
    import pyarrow as pa

    fields = [
        pa.field("file", pa.string()),
        pa.field("row", pa.int64()),
        pa.field("status", pa.string()),
        pa.field("reasons", pa.list_(pa.string())),
        *result.ours.schema,
    ]
    return pa.Table.from_pylist(records, schema=pa.schema(fields))


def _parquet_rows(
    result: ShardResult, numbers: Sequence[int], whys: list[dict[str, Any]] | None
) -> Any | None:
    import pyarrow as pa

    if not numbers:
        return None
    table = _table_of(result, numbers)
    if whys is None:
        return table
    return table.append_column(ADDED, pa.array([_dump(why).decode() for why in whys], pa.string()))


def _table_of(result: ShardResult, numbers: Sequence[int]) -> Any:
    """The Parquet columns of some rows of a shard."""
    import pyarrow as pa

    return pa.concat_tables(table.take(places) for table, places, _ in by_table(result.shard, numbers))


def _dead_letters(result: ShardResult, bad: Sequence[int]) -> list[dict[str, Any]]:
    records = []
    for number in bad:
        row = result.rows[number]
        record = {**_place(row), "line": row.line, "reason": row.reason, "detail": row.detail}
        if isinstance(row.fields, TableRow) and row.reason != "bad_utf8":
            # a Parquet row has no raw bytes: use its values, as far as JSON can represent them
            values = {name: _value(row.fields, name) for name in row.fields}
            record["raw"] = json.dumps(values, ensure_ascii=False, default=_as_json)
        else:
            record |= _raw(row.raw)
        records.append(record)
    return records


def _value(fields: TableRow, name: str) -> Any:
    try:
        return fields[name]
    except UnicodeDecodeError as error:
        return error.object
    except Exception as error:  # Arrow's error for a value that Python can't represent
        return first_line(error)


def _as_json(value: Any) -> Any:
    """Bytes as {"base64": …}; dates, decimals etc. as Python's str."""
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else str(value)


def _raw(data: bytes) -> dict[str, str]:
    try:
        return {"raw": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"raw_base64": base64.b64encode(data).decode()}


def _place(row: Row) -> dict[str, Any]:
    return {"file": row.file, "row": row.number}


def _lines(records: list[dict[str, Any]]) -> list[bytes]:
    return [_dump(record) for record in records]


def _dump(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()  # a lone surrogate can't be encoded as UTF-8
