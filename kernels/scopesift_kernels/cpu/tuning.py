"""The numbers that the CPU back end is tuned by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CpuTuning:
    """Sizes that decide time and memory: answers are exact with any of them.

    Attributes:
        slab: tokens that share one conversion of the weights.
        tile: tokens of one product.
        chunk: features of one product.
        block: columns under one maximum.
        elements_at_once: elements that are looked at one by one at the same time; each takes some 40 bytes.
        pairs_at_once: pairs (token, selected feature) that are screened together; each takes some 30 bytes.
        pair_multiplications: a pair costs screening about as much time as so many multiplications cost a product.
        few: reading the weights takes as long as encoding so many tokens: no more than these are encoded as they are.
            Of more, as many leaders are asked about first, to learn whether they are members and which features are
            hot; if there are fewer than half as many, tokens with the largest pairs join them.
        members: leaders are asked about while more than this share turn out to be members.
        held: the gate reads the features that held this share of the memberships seen,
        hot_share: of all features at most one in so many.
    """

    slab: int = 4096
    tile: int = 2048
    chunk: int = 8192
    block: int = 16
    elements_at_once: int = 2**21
    pairs_at_once: int = 2**21
    pair_multiplications: int = 2**15
    few: int = 128
    members: float = 0.5
    held: float = 0.75
    hot_share: int = 8
