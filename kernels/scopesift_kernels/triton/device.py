"""What the Triton kernels take of a GPU: its processors, and memory for pre-activations."""

from __future__ import annotations

from functools import lru_cache

import torch

# Weights are read again for every slab of tokens, so that slabs are large: a 32nd of the GPU's memory, 2 GiB at most,
# which is 16,384 tokens of 32,768 features. Where so much isn't free it is half of it, and so on down to 192 MiB.
_SHARE, _MOST, _LEAST = 32, 2**29, 3 * 2**24


@lru_cache
def processors(device: torch.device) -> int:
    """How many programs run at a time."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).multi_processor_count
    return 2  # the interpreter runs programs one after the other


@lru_cache
def most_pre_activations(device: torch.device) -> int:
    """How many float32 numbers are in memory at a time, if the memory isn't full of other things."""
    if device.type != "cuda":
        return _LEAST
    share = torch.cuda.get_device_properties(device).total_memory // (4 * _SHARE)
    return max(_LEAST, min(_MOST, share))


def room_for_pre_activations(n_rows: int, n_columns: int, whole: int, device: torch.device) -> torch.Tensor:
    """A float32 buffer `[rows, n_columns]` for as many of some rows as there is memory for.

    Args:
        n_rows: how many would be welcome.
        n_columns: how long they are.
        whole: if there isn't room for all rows, it is for a multiple of this or for fewer.
        device: where.

    Raises:
        torch.OutOfMemoryError: there are no 192 MiB left.
    """
    room = most_pre_activations(device)
    while True:
        rows = max(1, room // n_columns)
        rows -= rows % whole if rows > whole else 0
        try:
            return torch.empty(min(rows, n_rows), n_columns, device=device)
        except torch.OutOfMemoryError:
            if room <= _LEAST:
                raise
            room //= 2
