"""Files opened as bytes with fsspec, and decompressed while they are read."""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from scopesift_files.errors import InputError, UsageError, first_line
from scopesift_files.row_readers.formats import compression_of

BUFFER = 1 << 20
PIECE = 1 << 14
"""Bytes of compressed data read at a time; small, so that high compression ratios don't fill the memory."""


@contextmanager
def open_bytes(url: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file for reading, decompressing by its last suffix; yields the decompressed stream and the raw file.

    Raises:
        UsageError: there is no such file, or a package that is needed to open it is not installed.
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
    except Exception as error:  # of the file system, or a missing package
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


class _Frames(io.RawIOBase):
    """The content of gzip members, xz streams or zstd frames.

    The libraries' own readers drop buffered content before a damaged place, and zstandard's accepts a truncated
    frame as complete. This one returns all content that can be decompressed, then raises.
    """

    def __init__(self, source: IO[bytes], new: Callable[[], Any]) -> None:
        self._source, self._new = source, new
        self._frame: Any = None
        self._packed = b""
        self._ready = b""

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, possibly less than its size; returns 0 at the end.

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
                # gzip and xz allow zero padding between frames; no frame starts with zeros
                data = data.lstrip(b"\0")
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
