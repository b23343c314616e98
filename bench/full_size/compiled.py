"""Effect of torch.compile and CUDA graphs on a cut backbone; for comparison, not used by the product."""

from __future__ import annotations

import statistics
from typing import Any

import torch
from scopesift_features.reading.batching.batches import Batch
from torch import nn

from bench.encode.timing import median_ratios, timed_in_turn


def compiled_over_eager(model: nn.Module, batch: Batch, rounds: int) -> float:
    """Time of the compiled backbone relative to eager mode, on one large batch."""
    times = _times(model, batch, rounds, mode="default")
    return median_ratios(times, "eager")["compiled"]


def short_text(model: nn.Module, batch: Batch, calls: int) -> tuple[float, float]:
    """Milliseconds of the backbone on one short text: eager, and with CUDA graphs if there is a GPU."""
    times = _times(model, batch, calls, mode="reduce-overhead")
    return statistics.median(times["eager"]), statistics.median(times["compiled"])


def _times(model: nn.Module, batch: Batch, rounds: int, mode: str) -> dict[str, list[float]]:
    torch.compiler.reset()
    device = next(model.parameters()).device
    ids_BT, mask_BT = (torch.from_numpy(rows).to(device) for rows in (batch.ids_BT, batch.mask_BT))
    fast: Any = torch.compile(model, dynamic=False, mode=mode)

    def call(run: Any) -> Any:
        return lambda _: run(input_ids=ids_BT, attention_mask=mask_BT, use_cache=False)

    with torch.no_grad():
        for _ in range(3):  # compiles, then records
            call(fast)(0)
        return timed_in_turn({"eager": call(model), "compiled": call(fast)}, device, rounds, 1)
