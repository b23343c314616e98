"""Lines of a file or stream as rows of text, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from scopesift_files.counted import counted
from scopesift_files.errors import first_line
from scopesift_files.row_readers.compressed import BUFFER, open_bytes
from scopesift_files.row_readers.formats import compression_of
from scopesift_files.row_readers.row import Row

LONGEST = 1 << 30
ROOM = 5  # extra bytes for the line end and a byte order mark
LINE_ENDS = (b"\r\n", b"\n", b"\r")  # a lone \r is a line end only at the end of the file
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_lines(file: str | Path, limit: int = LONGEST) -> Iterator[Row]:
    """Yields the lines of a file, including blank ones, with their `text`; see `lines_of`.

    Args:
        file: path, or URL as fsspec opens it; `.gz`, `.xz` and `.zst` are decompressed.
        limit: bytes kept of a line; the rest is skipped, so that memory stays bounded.

    Raises:
        InputError, UsageError: as `open_bytes`.
    """
    with open_bytes(str(file)) as (stream, handle):
        yield from lines_of(stream, str(file), limit, handle.tell)


def lines_of(
    stream: IO[bytes], file: str, limit: int = LONGEST, tell: Callable[[], int] = int
) -> Iterator[Row]:
    """Yields the lines of a stream as they arrive, without the byte order mark.

    A line that is too long or not UTF-8 is rejected. A stream that is damaged or UTF-16 ends with a rejected line.

    Args:
        stream: anything with a `readline` that returns bytes.
        file: the rows' `file`; its suffix names the compression in errors.
        limit: bytes kept of a line.
        tell: returns the position in the file on disk.
    """
    number = -1
    while True:
        number += 1
        row = Row(file, number, number + 1)
        try:
            head = stream.readline(limit + ROOM)
            size, last = len(head), head
            while size >= limit + ROOM and not last.endswith(b"\n") and (more := stream.readline(BUFFER)):
                size, last = size + len(more), last[-1:] + more  # "\r\n" may be split between two reads
        except Exception as error:  # EOFError, OSError, and the decompressors' own classes
            yield row.reject("bad_compression", _damage(error, compression_of(file)))
            return
        if not head:
            return
        row.position = tell()
        row.end = next((end for end in LINE_ENDS if last.endswith(end)), b"")
        size -= len(row.end)
        raw = head[:size]
        if number == 0 and raw.startswith(BYTE_ORDER_MARK):
            raw, size = raw[len(BYTE_ORDER_MARK) :], size - len(BYTE_ORDER_MARK)
        row.raw = raw[:limit]
        if number == 0 and _is_utf16(raw):
            yield row.reject("bad_utf8", "expected UTF-8, got UTF-16")
            return
        if size > limit:
            row.reject(
                "too_long",
                f"expected at most {counted(limit, 'byte')}, got {size}; only the beginning is kept here",
            )
        else:
            row.decode()
        yield row


def _is_utf16(raw: bytes) -> bool:
    """Whether a file begins with a UTF-16 byte order mark, or with two ASCII characters in UTF-16."""
    even, odd = raw[0:4:2], raw[1:4:2]
    return raw[:2] in (b"\xff\xfe", b"\xfe\xff") or (b"\0\0" in (even, odd) and even != odd)


def _damage(error: Exception, compression: str) -> str:
    if isinstance(error, EOFError) or not compression:
        return f"expected a complete file, got a truncated one ({first_line(error)})"
    return f"expected {compression[1:]} data as the name says, got something else ({first_line(error)})"
