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
        block: features per maximum.
        elements_at_once: candidate elements processed at a time, about 40 bytes each.
        pairs_at_once: pairs (token, selected feature) screened at a time, about 30 bytes each.
        pair_multiplications: cost of screening one pair, in multiplications of a matrix product.
        few: number of tokens whose encoding takes as long as reading the weights: up to so many undecided tokens are
            encoded at once.
        undecided_per_leader: of more, leaders are encoded first if there are so many undecided tokens for each,
        members: and while more than this share of them are members.
        refuted_chunk: features per product where tokens are dropped as soon as nothing asked about can be in the top-k.
        refuted_share: at least one in so many tokens is dropped at a time, since the others are copied.
        bfloat16: whether to find candidates with a bfloat16 product; None: where the processor has instructions for it.
        least_screened: with fewer tokens than this the float32 product is as fast,
        many_weights: except on so many weights and more: converting them to float32 takes longer than everything else.
        features_per_candidate: with fewer features than k times this, most would be candidates.
        candidate_share: a token with more candidates than one in so many features (or 4k, if that is more) is left to
            the float32 product.
        groups_per_feature: the bound of the k-th largest is searched among at least so many times k maxima; more give a
            higher bound and fewer candidates.
        screened_elements: products in memory at a time, 2 bytes each: they set the tokens of a tile,
        converted_elements: where weights are converted to bfloat16 for every tile, or tokens are dropped,
        least_tile, most_tile: between these,
        most_dropped_tile: or this, where tokens are dropped: the weights are read again for every tile.
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
    pair_multiplications: int = 2**14
    few: int = 128
    undecided_per_leader: int = 4
    members: float = 0.5
    refuted_chunk: int = 4096
    refuted_share: int = 8
    bfloat16: bool | None = None
    least_screened: int = 192
    many_weights: int = 2**22
    features_per_candidate: int = 32
    candidate_share: int = 64
    groups_per_feature: int = 4
    screened_elements: int = 2**23
    converted_elements: int = 2**25
    least_tile: int = 256
    most_tile: int = 512
    most_dropped_tile: int = 1024
    screened_chunk: int = 16384
    maxima_at_once: int = 4096
    rescored_chunk: int = 2048
