"""(value, index) pairs as integers, of which the larger one ranks first.

Ranking by value descending and index ascending is a total order; packed in an int64, ties are right with any selection
algorithm, however it treats equal elements.
"""

from __future__ import annotations

import torch

_LOW = 0xFFFFFFFF
# Below the key of every finite value; means "no feature".
NONE = -(0x7F800001 << 32)


def rank_keys(values: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    """Pack finite float32 values and indices below 2**32 (broadcast together) into int64 keys."""
    bits = (values + 0.0).view(torch.int32)  # -0.0 becomes 0.0
    ordered = bits ^ ((bits >> 31) & 0x7FFFFFFF)  # two's complement integers in the order of the floats
    return (ordered.to(torch.int64) << 32) | (_LOW - indices)


def key_values(keys: torch.Tensor) -> torch.Tensor:
    """The float32 values of keys; minus infinity for `NONE`."""
    ordered = (keys >> 32).to(torch.int32)
    return (ordered ^ ((ordered >> 31) & 0x7FFFFFFF)).view(torch.float32)


def key_indices(keys: torch.Tensor) -> torch.Tensor:
    """The indices of keys."""
    return _LOW - (keys & _LOW)
