"""The header of a GGUF file: metadata, and the place of every tensor.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The readers of transformers and gguf take seconds for
a large vocabulary, and don't say what is wrong with a damaged file.
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scopesift_files.errors import ScopeError

MAGIC = b"GGUF"
VOCABULARY = "tokenizer.ggml."
_TOKENS = f"{VOCABULARY}tokens"
_VERSIONS = (2, 3)
_PACKAGES = ("gguf", "accelerate")
_UINT8, _STRING, _ARRAY = 0, 8, 9
# struct's letters for the metadata's number types
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


@dataclass(frozen=True)
class TensorPlace:
    """A tensor of the file.

    Attributes:
        shape: in torch's order.
        kind: its type's number in ggml.
        start: its first byte in the file.
    """

    shape: tuple[int, ...]
    kind: int
    start: int


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says before its weights.

    Attributes:
        path: the file.
        metadata: values by key, arrays as lists.
        tensors: places by name.
        pairs: the metadata without the vocabulary as bytes of the file.
    """

    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, TensorPlace]
    pairs: tuple[bytes, ...]

    @classmethod
    def read(cls, path: Path) -> GgufHeader:
        """Read and check the header.

        Raises:
            ScopeError: unreadable, no GGUF, of another version, damaged, shorter than its tensors, one part of a split
                model, or a package is missing that reads the weights.
        """
        for package in _PACKAGES:
            if find_spec(package) is None:
                raise ScopeError(
                    f"GGUF files are read with the package {package}, which is not installed; "
                    "`pip install 'scopesift[gguf]'`"
                )
        try:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _Parser(path, content).header()
        except (OSError, ValueError) as error:  # mmap refuses an empty file with ValueError
            reason = error.strerror if isinstance(error, OSError) else error
            raise ScopeError(f"{path} cannot be read ({reason}); copy or download it again") from None

    @property
    def architecture(self) -> str:
        """Name of the architecture in llama.cpp."""
        return str(self.metadata["general.architecture"])

    def without_weights(self) -> bytes:
        """A GGUF file with this metadata and no tensors; the vocabulary is replaced by zeros of the same number."""
        pairs = list(self.pairs)
        tokens = self.metadata.get(_TOKENS)
        if isinstance(tokens, list):
            key = struct.pack(f"<Q{len(_TOKENS)}s", len(_TOKENS), _TOKENS.encode())
            pairs.append(key + struct.pack("<IIQ", _ARRAY, _UINT8, len(tokens)) + bytes(len(tokens)))
        return MAGIC + struct.pack("<IQQ", _VERSIONS[-1], 0, len(pairs)) + b"".join(pairs)


def is_gguf(path: Path) -> bool:
    """Whether a file is a GGUF file, by its first bytes: Ollama's files have no extension."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


class _Parser:
    """Reads the header from its beginning."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self.path, self.content, self.at = path, content, 0

    def header(self) -> GgufHeader:
        try:
            return self._header()
        except struct.error:
            raise self._cut_off("its header") from None

    def _header(self) -> GgufHeader:
        if self.content[: len(MAGIC)] != MAGIC:
            raise ScopeError(f"{self.path} is not a GGUF file: it does not begin with {MAGIC.decode()!r}")
        self.at = len(MAGIC)
        version = self._number("I")
        if version not in _VERSIONS:
            raise ScopeError(
                f"{self.path} is GGUF version {version}, expected {' or '.join(map(str, _VERSIONS))}; convert the "
                "model again with a current llama.cpp"
            )
        n_tensors, n_pairs = self._number("Q"), self._number("Q")
        metadata: dict[str, Any] = {}
        pairs = []
        for _ in range(n_pairs):
            begin = self.at
            key = self._string()
            metadata[key] = self._value(self._number("I"))
            if not key.startswith(VOCABULARY):
                pairs.append(self.content[begin : self.at])
        if "general.architecture" not in metadata:
            raise ScopeError(f"{self.path} names no general.architecture; it is not a language model's file")
        parts = metadata.get("split.count", 1)
        if parts > 1:
            raise ScopeError(
                f"{self.path} is one of {parts} parts of a model; join them with `llama-gguf-split --merge`"
            )
        places = {self._string(): self._place() for _ in range(n_tensors)}
        alignment = metadata.get("general.alignment", 32)
        first = math.ceil(self.at / alignment) * alignment
        tensors = {name: replace(place, start=first + place.start) for name, place in places.items()}
        self._check_size(tensors)
        return GgufHeader(self.path, metadata, tensors, tuple(pairs))

    def _check_size(self, tensors: dict[str, TensorPlace]) -> None:
        from gguf import GGML_QUANT_SIZES

        for name, place in tensors.items():
            if place.kind not in GGML_QUANT_SIZES:
                raise ScopeError(
                    f"{self.path}: {name} is of ggml type {place.kind}, which the installed package gguf does not "
                    "know; update it, or convert the model to another type"
                )
            values, n_bytes = GGML_QUANT_SIZES[place.kind]
            if place.start + math.prod(place.shape) // values * n_bytes > len(self.content):
                raise self._cut_off(f"the tensor {name}")

    def _place(self) -> TensorPlace:
        """A tensor's entry; its start is counted from the first byte of all tensors."""
        shape = [self._number("Q") for _ in range(self._number("I"))]
        return TensorPlace(tuple(reversed(shape)), kind=self._number("I"), start=self._number("Q"))

    def _value(self, kind: int) -> Any:
        if kind in _NUMBERS:
            return self._number(_NUMBERS[kind])
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            raise ScopeError(
                f"{self.path}: a value of the header is of unknown type {kind}; the file is damaged"
            )
        of, count = self._number("I"), self._number("Q")
        if of not in _NUMBERS:
            return [self._value(of) for _ in range(count)]
        width = struct.calcsize(_NUMBERS[of])
        self._check_room(count * width)
        found = list(struct.unpack_from(f"<{count}{_NUMBERS[of]}", self.content, self.at))
        self.at += count * width
        return found

    def _string(self) -> str:
        length = self._number("Q")
        self._check_room(length)
        self.at += length
        return self.content[self.at - length : self.at].decode()

    def _number(self, letter: str) -> Any:
        (value,) = struct.unpack_from(f"<{letter}", self.content, self.at)
        self.at += struct.calcsize(f"<{letter}")
        return value

    def _check_room(self, n_bytes: int) -> None:
        if n_bytes > len(self.content) - self.at:
            raise self._cut_off("its header")

    def _cut_off(self, where: str) -> ScopeError:
        return ScopeError(
            f"{self.path} ends inside {where}, after {len(self.content):,} bytes; copy or download it again"
        )
