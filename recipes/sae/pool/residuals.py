"""Residuals of several layers on disk: chunks of tokens in float16, within a size limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_files.atomic import read_json, write_json
from scopesift_files.errors import ScopeError, UsageError
from torch import Tensor

from recipes.sae.pool.write_behind import WriteBehind

CHUNK_TOKENS = 131_072
HELD_OUT_CHUNKS = 3  # dev takes one chunk, test two
SPARE_CHUNKS = 1  # a new chunk is written before the old one is deleted
LEAST_CHUNKS = 16
NORM_EXPONENT = 6


@dataclass(frozen=True)
class PoolSize:
    """Sizes of a pool.

    Attributes:
        chunk_tokens: Tokens of a full chunk.
        chunks: Maximum number of training chunks.
    """

    chunk_tokens: int
    chunks: int

    @classmethod
    def within(cls, n_bytes: float, d_model: int, layers: int) -> PoolSize:
        """The largest pool within a limit in bytes, including held-out tokens and the chunk being written.

        Raises:
            UsageError: The limit is too small.
        """
        rows = int(n_bytes / (2 * d_model * layers))
        others = HELD_OUT_CHUNKS + SPARE_CHUNKS
        chunk_tokens = min(CHUNK_TOKENS, rows // (LEAST_CHUNKS + others))
        if chunk_tokens < 64:
            needed = 64 * (LEAST_CHUNKS + others) * 2 * d_model * layers
            raise UsageError(
                f"a pool of {n_bytes / 2**30:.3g} GiB is too small for {layers} layers of width {d_model}; "
                f"--pool-gib must be at least {needed / 2**30:.2g}"
            )
        return cls(chunk_tokens, rows // chunk_tokens - others)


@dataclass
class ChunkRecord:
    """Record of a chunk.

    Attributes:
        generation: Its index in the order of filling.
        tokens: Number of filled rows.
    """

    generation: int
    tokens: int


@dataclass
class PoolRecord:
    """The content of pool.json.

    Attributes:
        key: Identity of the residuals; a pool with another key is not used.
        bounds: Layer -> norm bound, 10 times the median.
        exponents: Layer -> exponent of the power of two by which residuals are scaled on disk to fit float16; exact.
        starts: Generation -> (slice, document) where its text starts; one more than was filled.
        last: The generation in which the text ended; None before.
        seen, extreme: Number of tokens read, and of tokens above the bound.
        chunks: Name of a chunk -> record.
    """

    key: dict[str, Any]
    bounds: dict[str, float] = field(default_factory=dict)
    exponents: dict[str, int] = field(default_factory=dict)
    starts: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
    last: int | None = None
    seen: int = 0
    extreme: int = 0
    chunks: dict[str, ChunkRecord] = field(default_factory=dict)


class ResidualPool:
    """The pool on disk.

    Attributes:
        folder: Its folder.
        layers: Its layers; rows are the same tokens in all of them.
        d_model: Width.
        size: Chunks and tokens.
        record: Content of pool.json.
        replaces_another: Whether the folder held a pool with another key, which was deleted.
    """

    def __init__(
        self, folder: Path, layers: Sequence[int], d_model: int, size: PoolSize, key: dict[str, Any]
    ) -> None:
        self.folder, self.layers, self.d_model, self.size = folder, tuple(layers), d_model, size
        self.record, self.replaces_another = PoolRecord(key), False
        path = folder / "pool.json"
        if path.is_file():
            content = read_json(path, f"delete {folder} to fill the pool again")
            self.replaces_another = content.get("key") != key
            if not self.replaces_another:
                chunks = {name: ChunkRecord(**chunk) for name, chunk in content.pop("chunks").items()}
                starts = [(int(s), int(d)) for s, d in content.pop("starts")]
                self.record = PoolRecord(**content, starts=starts, chunks=chunks)
        held = {path for name in self.record.chunks for path in self._paths(name)}
        for path in folder.glob("*.f16*"):
            if path not in held:
                path.unlink()
        self._maps: dict[tuple[str, int], NDArray[np.float16]] = {}

    @property
    def rows(self) -> int:
        """Training tokens in the pool."""
        return sum(chunk.tokens for _, chunk in self.training_chunks())

    def save(self) -> None:
        """Write pool.json."""
        content = asdict(self.record)
        write_json(self.folder / "pool.json", content)

    def measure_scale(self, resid_TD: dict[int, Tensor]) -> None:
        """Set each layer's norm bound and exponent from a first sample of residuals."""
        for layer, x_TD in resid_TD.items():
            median = float(x_TD.float().norm(dim=1).median())
            if not 0 < median < math.inf:
                raise ScopeError(
                    f"layer {layer}: the median norm of the residuals is {median}; the backbone's weights are damaged"
                )
            self.record.bounds[str(layer)] = 10 * median
            self.record.exponents[str(layer)] = NORM_EXPONENT - math.floor(math.log2(median))

    def write_chunk(self, name: str, tokens: int) -> ChunkWriter:
        """A writer for one chunk, which is in the pool once `commit` returns."""
        return ChunkWriter(self, name, tokens)

    def part(self, name: str, layer: int) -> Tensor:
        """All rows of a chunk: fp32 `[T, D]` in the backbone's units."""
        return self._decoded(self.stored(name, layer), layer)

    def take(self, layer: int, rows: NDArray[np.int64]) -> Tensor:
        """Training tokens by row index.

        Args:
            layer: One of `layers`.
            rows: int64 `[T]`, below `self.rows`.

        Returns:
            fp32 `[T, D]` in the backbone's units, in the given order.
        """
        out = np.empty((len(rows), self.d_model), np.float16)
        begin = 0
        for name, chunk in self.training_chunks():
            end = begin + chunk.tokens
            here = np.flatnonzero((rows >= begin) & (rows < end))
            out[here] = self.stored(name, layer)[rows[here] - begin]
            begin = end
        return self._decoded(out, layer)

    def training_chunks(self) -> list[tuple[str, ChunkRecord]]:
        """Names and records of the training chunks, in the order of their rows."""
        chunks = self.record.chunks
        return [(name, chunks[name]) for name in sorted(filter(str.isdecimal, chunks), key=int)]

    def _decoded(self, stored: NDArray[np.float16], layer: int) -> Tensor:
        return torch.from_numpy(stored.astype(np.float32)) * 2.0 ** -self.record.exponents[str(layer)]

    def forget(self, name: str, layer: int) -> None:
        """Reopen a chunk's file on next use."""
        self._maps.pop((name, layer), None)

    def stored(self, name: str, layer: int) -> NDArray[np.float16]:
        """All rows of a chunk `[T, D]` as on disk: memory-mapped, and scaled by the layer's power of two."""
        key = (name, layer)
        if key not in self._maps:
            shape = (self.record.chunks[name].tokens, self.d_model)
            self._maps[key] = np.memmap(self.path(name, layer), np.float16, "r", shape=shape)
        return self._maps[key]

    def path(self, name: str, layer: int) -> Path:
        """The file of a chunk: rows of `d_model` float16 numbers, nothing else."""
        return self.folder / f"layer{layer}.{name}.f16"

    def _paths(self, name: str) -> list[Path]:
        return [self.path(name, layer) for layer in self.layers]


class ChunkWriter:
    """Writes one chunk of every layer to temporary files.

    Attributes:
        tokens: Capacity in rows.
        filled: Rows written.
    """

    def __init__(self, pool: ResidualPool, name: str, tokens: int) -> None:
        self.pool, self.name, self.tokens, self.filled = pool, name, tokens, 0
        pool.folder.mkdir(parents=True, exist_ok=True)
        self._files = WriteBehind({layer: self._unfinished(layer) for layer in pool.layers})

    def add(self, resid_TD: dict[int, Tensor]) -> None:
        """Append the tokens of a batch without extreme ones, up to the capacity."""
        record = self.pool.record
        any_layer = next(iter(resid_TD.values()))
        keep_T = torch.ones(len(any_layer), dtype=torch.bool, device=any_layer.device)
        for layer, x_TD in resid_TD.items():
            norm_T = x_TD.float().norm(dim=1)
            keep_T &= norm_T.to(keep_T.device) <= record.bounds[str(layer)]
        record.seen += len(keep_T)
        record.extreme += int((~keep_T).sum())
        room = self.tokens - self.filled
        stored = {
            layer: (x_TD[keep_T.to(x_TD.device)][:room].float() * 2.0 ** record.exponents[str(layer)]).half()
            for layer, x_TD in resid_TD.items()
        }
        try:
            self._files.write({layer: x_TD.cpu().numpy() for layer, x_TD in stored.items()})
        except OSError as error:
            raise _refused(self.pool.folder, error) from None
        self.filled += min(room, int(keep_T.sum()))

    def discard(self) -> None:
        """Delete the temporary files; the old chunk is kept."""
        self._close()
        for layer in self.pool.layers:
            self._unfinished(layer).unlink()
        self.pool.save()

    def commit(self, generation: int) -> None:
        """Replace the old chunk."""
        pool = self.pool
        self._close()
        pool.record.chunks.pop(self.name, None)
        pool.save()  # saved without the chunk first, so that no record has a half-replaced chunk
        for layer in pool.layers:
            pool.forget(self.name, layer)
            self._unfinished(layer).replace(pool.path(self.name, layer))
        if self.filled:
            pool.record.chunks[self.name] = ChunkRecord(generation, self.filled)
        pool.save()

    def _unfinished(self, layer: int) -> Path:
        return self.pool.path(self.name, layer).with_suffix(".f16.part")

    def _close(self) -> None:
        try:
            self._files.close()
        except OSError as error:  # from buffered writes
            raise _refused(self.pool.folder, error) from None


def _refused(folder: Path, error: OSError) -> ScopeError:
    return ScopeError(
        f"cannot write to {folder}: {error.strerror}; free space, or give a smaller --pool-gib or another --work"
    )
