"""Lines of a plain or compressed file as bytes, with bounded memory, wherever fsspec finds it."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple

from scopesift_files.errors import InputError, UsageError

BUFFER = 1 << 20
PIECE = 1 << 14  # of a compressed file; what is decompressed at once stays small even at high ratios


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
            yield io.BufferedReader(_Frames(handle, lambda: zlib.decompressobj(wbits=31)), BUFFER), handle
        elif url.lower().endswith(".zst"):
            try:
                import zstandard
            except ImportError:
                raise UsageError(
                    f"{url}: reading .zst needs zstandard; pip install 'scopesift[filter]'"
                ) from None
            frames = _Frames(handle, lambda: zstandard.ZstdDecompressor().decompressobj())
            yield io.BufferedReader(frames, BUFFER), handle
        else:
            yield io.BufferedReader(handle, BUFFER), handle


class _Frames(io.RawIOBase):
    """The content of gzip members or zstd frames.

    The readers that come with both lose what stands before a damage in their buffer, and zstandard's takes a
    frame that breaks off for a whole one. This one gives all there is, and then complains.
    """

    def __init__(self, source: IO[bytes], new: Callable[[], Any]) -> None:
        self._source, self._new = source, new
        self._frame: Any = None
        self._packed = b""
        self._ready = b""

    def readable(self) -> bool:
        """True: this is a stream to read from."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the next piece of a frame allows; 0 at the end.

        Raises:
            EOFError: the file ends inside a frame.
        """
        while not self._ready:
            data = self._packed or self._source.read(PIECE)
            self._packed = b""
            if not data:
                if self._frame is not None:
                    raise EOFError("the compressed file breaks off")
                return 0
            if self._frame is None:
                data = data.lstrip(b"\0")  # gzip allows padding between members; no frame begins with it
                if not data:
                    continue
                self._frame = self._new()
            self._ready = self._frame.decompress(data)
            if self._frame.eof:
                self._packed, self._frame = self._frame.unused_data, None
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count
