"""A Triton back end that small data cross all borders of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scopesift_kernels.triton.tuning import TileShape, TritonTuning

if TYPE_CHECKING:
    from scopesift_kernels.triton.backend import TritonBackend

TILE = TileShape(
    rows=64, columns=32, depth=16, warps=4, stages=2, group=2
)  # the least for a GPU's tensor cores
SMALL = TritonTuning(
    half=TILE,
    full=TILE,
    chunk=64,
    blocks=(8, 4),
    least_width=32,
    most_pre_activations=3 * 64,
    least_pre_activations=3 * 64,
    few_tokens=0,
    many_features=0,
    pairs_at_once=64,
    rounds=2,
    asked_share=1,
    room=5,
    gate_tokens=3,
    gate_share=4,
    gate_sample=2,
    leader_rows=2,
    leader_columns=2,
    learn_rows=2,
    begin_size=4,
)


@pytest.fixture
def small_triton(triton_here: None) -> TritonBackend:
    """Every size as small as it may be."""
    from scopesift_kernels.triton.backend import TritonBackend

    return TritonBackend(SMALL)
