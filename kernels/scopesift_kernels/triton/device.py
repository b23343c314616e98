"""A GPU's number of processors, and memory for pre-activations."""

from __future__ import annotations

from functools import lru_cache

import torch

from scopesift_kernels.triton.tuning import TritonTuning


@lru_cache
def processors(device: torch.device) -> int:
    """How many programs run in parallel."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).multi_processor_count
    return 2  # the interpreter runs programs one after the other


@lru_cache
def generation(device: torch.device) -> int:
    """The major compute capability, 9 for Hopper; 0 in the interpreter."""
    return torch.cuda.get_device_capability(device)[0] if device.type == "cuda" else 0


@lru_cache
def most_pre_activations(device: torch.device, tuning: TritonTuning) -> int:
    """How many float32 pre-activations to hold in memory, if that much is free."""
    if device.type != "cuda":
        return tuning.least_pre_activations
    share = torch.cuda.get_device_properties(device).total_memory // (4 * tuning.memory_share)
    return max(tuning.least_pre_activations, min(tuning.most_pre_activations, share))


def room_for_pre_activations(
    n_rows: int, n_columns: int, whole: int, device: torch.device, tuning: TritonTuning
) -> torch.Tensor:
    """A float32 buffer `[rows, n_columns]` for as many of `n_rows` rows as fit in memory.

    Args:
        n_rows: number of rows wanted.
        n_columns: length of a row.
        whole: if not all rows fit, the number of rows is a multiple of this, or less than it.
        device: where to allocate.
        tuning: how much memory to use.

    Raises:
        torch.OutOfMemoryError: `least_pre_activations` don't fit.
    """
    room = most_pre_activations(device, tuning)
    while True:
        rows = max(1, room // n_columns)
        rows -= rows % whole if rows > whole else 0
        try:
            return torch.empty(min(rows, n_rows), n_columns, device=device)
        except torch.OutOfMemoryError:
            if room <= tuning.least_pre_activations:
                raise
            room //= 2
