"""Lines of a plain or compressed file as bytes, with bounded memory, wherever fsspec finds it."""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from scopesift_files.errors import InputError, UsageError, first_line
from scopesift_files.formats import compression_of

BUFFER = 1 << 20
PIECE = 1 << 14  # of a compressed file; what is decompressed at once stays small even at high ratios
LONGEST = 1 << 30
ROOM = 5  # beside a line, for its end and the byte order mark before it
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class ByteLine(NamedTuple):
    """One line.

    Attributes:
        number: from 1.
        raw: without its line end; of a line past the limit only the beginning.
        end: the line end.
        position: how far the file on disk was read by then, in bytes; runs ahead by a buffer.
        reason: why it can't be read, see `row.REASONS`; "" if it can.
        detail: what was expected and what was found.
    """

    number: int
    raw: bytes
    end: bytes = b""
    position: int = 0
    reason: str = ""
    detail: str = ""


def read_byte_lines(url: str, limit: int = LONGEST) -> Iterator[ByteLine]:
    """Yields the lines of a file; one that is damaged, or not of bytes at all, ends with a line that says so.

    Args:
        url: path or URL; `.gz`, `.xz` and `.zst` are decompressed.
        limit: bytes of a line that are kept; the rest is skipped, so that memory stays bounded.

    Raises:
        InputError, UsageError: as `open_bytes`.
    """
    with open_bytes(url) as (stream, handle):
        yield from byte_lines(stream, limit, handle.tell, compression_of(url))


def byte_lines(
    stream: IO[bytes], limit: int = LONGEST, tell: Callable[[], int] = int, compression: str = ""
) -> Iterator[ByteLine]:
    """Yields the lines of a stream as they arrive, without its byte order mark; see `read_byte_lines`.

    Args:
        stream: what has a `readline` of bytes.
        limit: bytes of a line that are kept.
        tell: how far the file on disk was read.
        compression: suffix of the compression that the stream is unpacked from.
    """
    number = 0
    while True:
        number += 1
        try:
            head = stream.readline(limit + ROOM)
            size, last = len(head), head
            while size >= limit + ROOM and not last.endswith(b"\n") and (more := stream.readline(BUFFER)):
                size, last = size + len(more), last[-1:] + more  # a line end may be cut in two
        except Exception as error:
            # EOFError, OSError, and the decompressors' own classes
            yield ByteLine(number, b"", b"", tell(), "bad_compression", _damage(error, compression))
            return
        if not head:
            return
        # a \r at the end of the file counts as one, but not a \r elsewhere
        end = next((mark for mark in (b"\r\n", b"\n", b"\r") if last.endswith(mark)), b"")
        size -= len(end)
        raw = head[:size]
        if number == 1 and _is_utf16(raw):
            yield ByteLine(number, raw[:limit], end, tell(), "bad_utf8", "expected UTF-8, got UTF-16")
            return
        if number == 1 and raw.startswith(BYTE_ORDER_MARK):
            raw, size = raw[len(BYTE_ORDER_MARK) :], size - len(BYTE_ORDER_MARK)
        if size > limit:
            detail = f"expected at most {limit} bytes, got {size}; only the beginning is kept here"
            yield ByteLine(number, raw[:limit], end, tell(), "too_long", detail)
        else:
            yield ByteLine(number, raw, end, tell())


@contextmanager
def open_bytes(url: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file for reading, decompressing by its last suffix; gives the content and the file itself.

    Raises:
        UsageError: there is no such file, or a package that it takes is not installed.
        InputError: it cannot be opened.
    """
    with _open(url) as handle:
        new = _decompressor(url)
        source: Any = handle if new is None else _Frames(handle, new)
        yield io.BufferedReader(source, BUFFER), handle


def _open(url: str) -> IO[bytes]:
    remote = "://" in url or "::" in url
    if not remote and not Path(url).is_file():
        raise UsageError(f"{url}: there is no such file; give the path of a file that can be read")
    try:
        if not remote:
            return Path(url).open("rb", buffering=0)
        import fsspec

        handle: IO[bytes] = fsspec.open(url, "rb").open()
        return handle
    except ImportError as error:
        raise UsageError(
            f"{url}: needs a package that is not installed ({first_line(error)}); install it"
        ) from None
    except Exception as error:
        raise InputError(
            f"{url}: cannot be opened ({first_line(error)}); check that it is there and readable"
        ) from None


def _decompressor(url: str) -> Callable[[], Any] | None:
    suffix = compression_of(url)
    if suffix == ".gz":
        return lambda: zlib.decompressobj(wbits=31)
    if suffix == ".xz":
        return lzma.LZMADecompressor
    if not suffix:
        return None
    try:
        import zstandard
    except ImportError:
        raise UsageError(f"{url}: reading .zst needs zstandard; pip install 'scopesift[filter]'") from None
    return lambda: zstandard.ZstdDecompressor().decompressobj()


def _is_utf16(raw: bytes) -> bool:
    """Whether a file begins with a mark of UTF-16, or with two ASCII letters of it."""
    even, odd = raw[0:4:2], raw[1:4:2]
    return raw[:2] in (b"\xff\xfe", b"\xfe\xff") or (b"\0\0" in (even, odd) and even != odd)


def _damage(error: Exception, compression: str) -> str:
    if isinstance(error, EOFError) or not compression:
        return f"expected a whole file, got one that ends too early ({first_line(error)})"
    return f"expected {compression[1:]} data as the name says, got something else ({first_line(error)})"


class _Frames(io.RawIOBase):
    """The content of gzip members, xz streams or zstd frames.

    The readers that come with them lose what stands before a damage in their buffer, and zstandard's takes a
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
                data = data.lstrip(b"\0")  # gzip and xz allow padding between frames; none begins with it
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
