"""Tuning parameters of the Triton back end."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class TileShape:
    """Rows (tokens), columns (features) and depth (D) of a tile, and what the compiler is told about it."""

    rows: int
    columns: int
    depth: int
    warps: int
    stages: int
    group: int = 8


@dataclass(frozen=True)
class TritonTuning:
    """Sizes that affect time and memory only: results are exact with any of them.

    Attributes:
        half: tile shape for 16-bit inputs, on tensor cores. One shape per dtype: values that are compared with each
            other must come from tiles of one shape.
        full: tile shape for float32. With 64 rows a tile doesn't fit the registers of an H100.
        chunk: features whose pre-activations are in memory at a time.
        blocks: columns per maximum, tried in order until one fits; smaller blocks read fewer unneeded elements.
        together: blocks per group when searching the bound, tried in order until enough groups are left; a search over
            fewer maxima is cheaper.
        bound_bits: bits of the bound that are searched, of 32: with fewer it is slightly lower.
        bound_share: of the first chunk, one in so many features is multiplied first for a bound of the others,
        bound_tokens: from so many tokens on,
        bound_rows: tokens per program that finds bounds.
        blocks_at_once: hot blocks that are read at a time.
        least_width: minimum capacity of a row for its running top-k and candidates; 4k if that is more.
        dense_elements: pre-activations per step of the exact fallback, which needs several times their memory.
        memory_share: weights are read again for every slab of tokens, so slabs are large: pre-activations take one in
            so many parts of the GPU's memory,
        most_pre_activations: at most so many (2 GiB: 16,384 tokens of 32,768 features), halved until they fit in free
            memory,
        least_pre_activations: at least so many (192 MiB).
        keys_at_once: rank keys unpacked by one program.
        few_tokens: up to so many tokens, a full encode costs little more than reading the weights once.
        many_features: if one in so many features is selected, nearly every token has one of them: encode everything.
        pairs_at_once: entries of `[T, S]` screened at a time: 256 MiB of float32.
        rounds: maximum number of verification rounds.
        asked_share: if more than one in so many tokens holds a leader, encoding the undecided tokens is cheaper than a
            round.
        slots: leaders counted per token and round.
        room: tokens per round; their residuals are copied.
        gate_tokens: from so many undecided tokens on, they are first filtered by the hot features,
        gate_share: one in so many of the features,
        gate_sample: those most often active on a sample of so many tokens.
        leader_rows: tokens per step of a program that finds leaders,
        leader_columns: selected features per such program.
        learn_rows: tokens per program that updates the state.
        begin_size: entries initialised by one program.
    """

    half: TileShape = TileShape(rows=128, columns=256, depth=64, warps=8, stages=3)
    full: TileShape = TileShape(rows=32, columns=256, depth=16, warps=8, stages=3)
    chunk: int = 2**15
    blocks: tuple[int, ...] = (32, 16)
    together: tuple[int, ...] = (4, 2, 1)
    bound_bits: int = 20
    bound_share: int = 4
    bound_tokens: int = 2048
    bound_rows: int = 8
    blocks_at_once: int = 4
    least_width: int = 256
    dense_elements: int = 2**22
    memory_share: int = 32
    most_pre_activations: int = 2**29
    least_pre_activations: int = 3 * 2**24
    keys_at_once: int = 1024
    few_tokens: int = 256
    many_features: int = 16
    pairs_at_once: int = 2**26
    rounds: int = 3
    asked_share: int = 4
    slots: int = 2
    room: int = 8192
    gate_tokens: int = 1024
    gate_share: int = 8
    gate_sample: int = 128
    leader_rows: int = 64
    leader_columns: int = 32
    learn_rows: int = 128
    begin_size: int = 1024

    def tile(self, dtype: torch.dtype) -> TileShape:
        """The tile shape for inputs of one dtype."""
        return self.full if dtype == torch.float32 else self.half
