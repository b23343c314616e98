"""Tuning parameters of the CPU back end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CpuTuning:
    """Sizes that affect time and memory only: results are exact with any of them.

    Attributes:
        slab: tokens per conversion of the weights.
        tile: tokens per matrix product.
        chunk: features per matrix product.
        block: columns per maximum.
        elements_at_once: candidate elements processed at a time, about 40 bytes each.
        pairs_at_once: pairs (token, selected feature) screened at a time, about 30 bytes each.
        pair_multiplications: cost of screening one pair, in multiplications of a matrix product.
        few: number of tokens whose encoding takes as long as reading the weights. Up to so many undecided tokens are
            encoded directly; of more, so many leaders are encoded first, to estimate the share of members and the hot
            features (with fewer than half as many leaders, tokens with the largest pairs are added).
        members: leaders are encoded while more than this share of them are members.
        held: hot features are those that account for this share of the memberships seen,
        hot_share: at most one in so many of all features.
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
