"""Lines of a plain or compressed file as bytes, with bounded memory, wherever fsspec finds it."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple, cast

from scopesift_features.errors import InputError, UsageError

BUFFER = 1 << 20


class ByteLine(NamedTuple):
    """One line.

    Attributes:
        number: from 1.
        raw: without its line end; of a line past the limit only the beginning.
        size: its length in bytes, line end left out, read to the end.
        position: how far the file on disk was read by then, in bytes; runs ahead by a buffer.
        damage: the decompressor's complaint, where the file breaks off; "" otherwise.
    """

    number: int
    raw: bytes
    size: int
    position: int
    damage: str = ""


def read_byte_lines(url: str, limit: int) -> Iterator[ByteLine]:
    """Yields the lines of a file; a damaged compressed one ends with a line that says so.

    Args:
        url: path or URL; `.gz` and `.zst` are decompressed.
        limit: bytes of a line that are kept; the rest is skipped, so that memory stays bounded.

    Raises:
        InputError: the file cannot be opened.
    """
    with open_bytes(url) as (stream, handle):
        number = 0
        while True:
            number += 1
            try:
                line = stream.readline(limit + 2)
                size = len(line)
                while line and not line.endswith(b"\n") and len(line) == limit + 2:
                    more = stream.readline(BUFFER)
                    size += len(more)
                    if not more or more.endswith(b"\n"):
                        size -= len(more) - len(more.rstrip(b"\r\n"))
                        break
            except Exception as error:
                # EOFError, OSError, and zlib's and zstandard's own classes
                yield ByteLine(number, b"", 0, handle.tell(), str(error) or type(error).__name__)
                return
            if not line:
                return
            if size <= limit + 2 and len(line) == size:
                line = line[:-1] if line.endswith(b"\n") else line
                line = line[:-1] if line.endswith(b"\r") else line
                size = len(line)
            if number == 1 and line.startswith(b"\xef\xbb\xbf"):
                line, size = line[3:], size - 3
            yield ByteLine(number, line[:limit], size, handle.tell())


@contextmanager
def open_bytes(url: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file for reading, decompressing by its last suffix; gives the content and the file itself.

    Raises:
        InputError: it cannot be opened.
        UsageError: `.zst` without the zstandard package.
    """
    import fsspec

    try:
        handle = fsspec.open(url, "rb").open()
    except Exception as error:
        raise InputError(f"{url}: cannot be opened ({error}); check that it is there and readable") from None
    with handle:
        if url.lower().endswith(".gz"):
            yield io.BufferedReader(gzip.GzipFile(fileobj=handle), BUFFER), handle
        elif url.lower().endswith(".zst"):
            try:
                import zstandard
            except ImportError:
                raise UsageError(
                    f"{url}: reading .zst needs zstandard; pip install 'scopesift[filter]'"
                ) from None
            yield io.BufferedReader(_ZstdFrames(handle, zstandard), BUFFER), handle
        else:
            yield io.BufferedReader(handle, BUFFER), handle


class _ZstdFrames(io.RawIOBase):
    """The content of zstd frames; unlike zstandard's own reader it complains when the last one breaks off."""

    def __init__(self, source: IO[bytes], zstandard: Any) -> None:
        self._source, self._module = source, zstandard
        self._frame: Any = None
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = b""
        while not self._ready:
            data = left or self._source.read(BUFFER // 8)
            if not data:
                if self._frame is not None:
                    raise EOFError("the file ends inside a zstd frame")
                return 0
            if self._frame is None:
                self._frame = self._module.ZstdDecompressor().decompressobj()
            self._ready = self._frame.decompress(data)
            if self._frame.eof:
                left, self._frame = self._frame.unused_data, None
                if left and self._ready:
                    self._source = _Rest(left, self._source)
                    left = b""
            else:
                left = b""
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


class _Rest:
    """Bytes that were read too far, and then the file again."""

    def __init__(self, rest: bytes, source: Any) -> None:
        self._rest, self._source = rest, source

    def read(self, size: int) -> bytes:
        if not self._rest:
            return cast(bytes, self._source.read(size))
        rest, self._rest = self._rest, b""
        return rest
