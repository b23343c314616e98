"""Rows of JSONL, CSV and Parquet files, plain or compressed, each with the place it came from."""

import csv
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from scopesift_files.errors import InputError, UsageError

FORMATS = (".jsonl", ".ndjson", ".csv", ".parquet")
COMPRESSIONS = (".gz", ".xz", ".zst")
LONGEST_CSV_FIELD = 2**30  # Python's own limit of 128 KiB would refuse a long document


class Row(NamedTuple):
    """One row and where it stands.

    Attributes:
        place: `"data.jsonl, line 7"` (the row's first line) or `"data.parquet, row 7"`, counted from 1.
        fields: column name to value, as the format gives it.
    """

    place: str
    fields: dict[str, Any]


def row_format(path: Path) -> str | None:
    """The suffix that says how `path` is written, compression set aside: one of `FORMATS`, or None."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes and suffixes[-1] in FORMATS else None


def read_rows(path: str | Path) -> Iterator[Row]:
    """Yields the rows of a JSONL, CSV or Parquet file, decompressing `.gz`, `.xz` and `.zst`.

    Raises:
        UsageError: there is no such file.
        InputError: the name's extension is unknown, or the content is not what the name says; with the line.
    """
    path = Path(path)
    written_as = row_format(path)
    if written_as is None:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file; give the path of a labelled file")
        raise InputError(
            f"{path}: expected a name ending in {', '.join(FORMATS)} (and {' or '.join(COMPRESSIONS)}), "
            f"got {''.join(path.suffixes[-2:]) or 'no extension'}; rename or convert the file"
        )
    if written_as == ".parquet":
        return _parquet_rows(path)
    return _csv_rows(path) if written_as == ".csv" else json_rows(read_lines(path), path.name)


def json_rows(lines: Iterable[tuple[int, str]], name: str) -> Iterator[Row]:
    """Yields one row for each JSON object, skipping blank lines.

    Args:
        lines: line number and text, as from `read_lines`.
        name: what to call the source in an error.

    Raises:
        InputError: a line is not a JSON object.
    """
    for number, line in lines:
        if not line.strip():
            continue
        place = f"{name}, line {number}"
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
            raise InputError(
                f"{place}: expected a JSON object, got what is not JSON ({reason}); fix or remove the line"
            ) from None
        if not isinstance(fields, dict):
            raise InputError(
                f'{place}: expected a JSON object such as {{"text": "…"}}, got {json_type(fields)}; '
                "write one object a line"
            )
        yield Row(place, fields)


def json_type(value: object) -> str:
    """What a person calls the type of a value read from a file."""
    names = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    if value is None:
        return "nothing (null)"
    return "an object" if isinstance(value, dict) else names.get(type(value), type(value).__name__)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yields line number (from 1) and text with its line end, of UTF-8 text with or without a mark (BOM).

    Raises:
        UsageError: there is no such file.
        InputError: it is not UTF-8, or not compressed as its name says.
    """
    with closing(_open(path)) as stream:
        yield from decoded_lines(_sound(stream, path), path.name)


def decoded_lines(lines: Iterable[bytes], name: str) -> Iterator[tuple[int, str]]:
    """Yields line number (from 1) and text of UTF-8 lines.

    Raises:
        InputError: a line is not UTF-8.
    """
    for number, line in enumerate(lines, start=1):
        try:
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name}, line {number}: expected UTF-8, got the byte 0x{line[error.start]:02x} at offset "
                f"{error.start}; save the file as UTF-8"
            ) from None


def _open(path: Path) -> IO[bytes]:
    """Opens a file for reading bytes, decompressing by its last suffix."""
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; give the path of a file that can be read")
    suffix = path.suffix.lower()
    if suffix == ".zst":
        try:
            import zstandard
        except ImportError:
            raise UsageError(
                f"{path}: reading .zst needs the zstandard package; pip install 'scopesift[filter]'"
            ) from None
        reader = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True)
        return io.BufferedReader(reader)
    try:
        if suffix == ".xz":
            return lzma.open(path, "rb")
        return cast(IO[bytes], gzip.open(path, "rb")) if suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: can't be opened ({error.strerror}); check its permissions") from None


def _sound(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    """The lines of a stream, with a decompressor's complaints made into one clear line."""
    try:
        yield from stream
    except (gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError) as error:
        raise _not_compressed(path, error) from None
    except Exception as error:
        # zstandard's error class can't be named without importing it.
        if type(error).__name__ != "ZstdError":
            raise
        raise _not_compressed(path, error) from None


def _not_compressed(path: Path, error: Exception) -> InputError:
    cut_off = isinstance(error, EOFError)
    return InputError(
        f"{path.name}: expected {path.suffix[1:]} data as the name says, got "
        f"{'a file that ends too early' if cut_off else 'something else'} ({error}); "
        f"{'copy it again' if cut_off else f'drop {path.suffix} from the name or compress the file'}"
    )


def _csv_rows(path: Path) -> Iterator[Row]:
    if csv.field_size_limit() < LONGEST_CSV_FIELD:
        csv.field_size_limit(LONGEST_CSV_FIELD)
    reader = csv.reader((line for _, line in read_lines(path)), strict=True)
    header: list[str] | None = None
    while True:
        place = f"{path.name}, line {reader.line_num + 1}"
        try:
            values = next(reader, None)
        except csv.Error as error:
            raise InputError(
                f"{place}: expected CSV, got a row that breaks off ({error}); fix its quotes"
            ) from None
        if values is None:
            return
        if not values:
            continue
        if header is None:
            header = values
            continue
        if len(values) != len(header):
            raise InputError(
                f"{place}: expected {len(header)} fields ({', '.join(header)}), got {len(values)}; "
                'put text that holds a comma between quotes (")'
            )
        yield Row(place, dict(zip(header, values, strict=True)))


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet

    with closing(_open(path)) as stream:
        # Parquet is read from its end, so a compressed one has to be unpacked first.
        source = io.BytesIO(b"".join(_sound(stream, path))) if path.suffix.lower() in COMPRESSIONS else stream
        try:
            number = 0
            for batch in pyarrow.parquet.ParquetFile(source).iter_batches(4096):
                for fields in batch.to_pylist():
                    number += 1
                    yield Row(f"{path.name}, row {number}", fields)
        except (pyarrow.ArrowException, UnicodeDecodeError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{path.name}: expected Parquet, got something else ({reason}); write it again"
            ) from None
