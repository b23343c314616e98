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
        bfloat16: whether to find candidates with a bfloat16 product; None: where the processor has instructions for it.
        least_screened: with fewer tokens than this the float32 product is as fast.
        features_per_candidate: with fewer features than k times this, most would be candidates.
        candidate_share: a token with more candidates than one in so many features (or 4k, if that is more) is left to
            the float32 product.
        groups_per_feature: the bound of the k-th largest is searched among at least so many times k maxima; more give a
            higher bound and fewer candidates.
        screened_elements: products in memory at a time, 2 bytes each: they set the tokens of a tile,
        converted_elements: where weights are converted to bfloat16 for every tile,
        least_tile, most_tile: between these.
        screened_chunk: features per bfloat16 product.
        maxima_at_once: features whose maxima are taken at a time, while they are in the cache.
        rescored_chunk: features whose weights are converted to float32 at a time.
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
    bfloat16: bool | None = None
    least_screened: int = 64
    features_per_candidate: int = 32
    candidate_share: int = 64
    groups_per_feature: int = 4
    screened_elements: int = 2**23
    converted_elements: int = 2**25
    least_tile: int = 256
    most_tile: int = 512
    screened_chunk: int = 8192
    maxima_at_once: int = 2048
    rescored_chunk: int = 2048
