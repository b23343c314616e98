"""The numbers that the Triton back end is tuned by."""

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
    """Sizes that decide time and memory: answers are exact with any of them.

    Attributes:
        half: tiles of 16-bit inputs, which the tensor cores multiply. One shape a dtype: values that are compared with
            each other come from tiles of one shape.
        full: tiles of float32. With 64 rows one doesn't fit the registers of an H100 any more.
        chunk: features whose pre-activations are in memory at a time.
        blocks: columns of a maximum, the first that fits: the fewer, the less is read beside what is wanted.
        together: of so many blocks together the bound is searched among the maxima, since a search costs what it
            looks at; the first that leaves enough of them.
        blocks_at_once: hot blocks that are read together.
        least_width: a row has room for this many features, or four times k: those that it has and the candidates.
        dense_elements: pre-activations that the exact fallback looks at together; it needs several times the room.
        memory_share: weights are read again for every slab of tokens, so that slabs are large: pre-activations take one
            in so many parts of the GPU's memory,
        most_pre_activations: but no more than these (2 GiB: 16,384 tokens of 32,768 features); where so much isn't
            free half of it, and so on
        least_pre_activations: down to these (192 MiB).
        keys_at_once: rank keys that one program unpacks.
        few_tokens: up to here all features of all tokens cost little more than reading the weights once.
        many_features: if one in so many features is read, nearly every token holds one of them.
        pairs_at_once: entries of `[T, S]` that are screened together: 256 MiB of float32.
        rounds: the most rounds of verifying leaders.
        asked_share: if more than one in so many tokens holds a leader, rounds would cost more than encoding what may
            decide.
        slots: leaders of one token that are counted in a round.
        room: tokens that are asked about in a round: their residuals are copied.
        gate_tokens: of so many tokens or more it is first asked which can hold a member at all,
        gate_share: by one in so many of the features,
        gate_sample: those most active on so many tokens.
        leader_rows: tokens that a program looks at together for leaders,
        leader_columns: and selected features.
        learn_rows: tokens that one program learns about.
        begin_size: places that one program begins.
    """

    half: TileShape = TileShape(rows=128, columns=256, depth=64, warps=8, stages=3)
    full: TileShape = TileShape(rows=32, columns=256, depth=16, warps=8, stages=3)
    chunk: int = 2**15
    blocks: tuple[int, ...] = (32, 16)
    together: tuple[int, ...] = (4, 2, 1)
    blocks_at_once: int = 8
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
