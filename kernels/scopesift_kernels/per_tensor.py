"""A cache of values computed from tensors, valid while the tensor exists and is unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch.utils.weak import WeakIdKeyDictionary

Value = TypeVar("Value")


class PerTensor(Generic[Value]):
    """A function of a tensor with cached results.

    In-place changes through torch are detected by the tensor's version counter; writes through `.data` or shared
    memory are not. Inference tensors have no version counter and are not cached.
    """

    def __init__(self, make: Callable[[torch.Tensor], Value]) -> None:
        self._make = make
        self._known: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def __call__(self, tensor: torch.Tensor) -> Value:
        """The function's value, from the cache if it is there."""
        version = None if tensor.is_inference() else tensor._version
        known: tuple[int, Value] | None = self._known.get(tensor)
        if known is not None and known[0] == version:
            return known[1]
        value = self._make(tensor)
        if version is not None and value is not tensor:  # a tensor cached under itself would never be freed
            self._known[tensor] = (version, value)
        return value
