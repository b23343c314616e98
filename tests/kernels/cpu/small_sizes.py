"""Sizes of the CPU back end so small that a few tokens and features cross all borders."""

from __future__ import annotations

from scopesift_kernels.cpu.tuning import CpuTuning

SMALL = CpuTuning(
    slab=11,
    tile=5,
    chunk=32,
    block=4,
    elements_at_once=64,
    pairs_at_once=64,
    few=3,
    refuted_chunk=16,
    refuted_share=8,
    most_dropped_tile=8,
    bfloat16=False,
    least_screened=1,
    features_per_candidate=1,
    candidate_share=1,
    screened_elements=1,
    converted_elements=300,
    least_tile=4,
    most_tile=8,
    screened_chunk=32,
    maxima_at_once=16,
    rescored_chunk=24,
)
