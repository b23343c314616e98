"""What was worked out of a tensor once, remembered while the tensor lives and stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch.utils.weak import WeakIdKeyDictionary

Value = TypeVar("Value")


class PerTensor(Generic[Value]):
    """A function of a tensor whose results are kept.

    In-place changes through torch are noticed by the tensor's version counter; writes through `.data` or shared
    memory are not. Inference tensors have no such counter: nothing is kept of them.
    """

    def __init__(self, make: Callable[[torch.Tensor], Value]) -> None:
        self._make = make
        self._known: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def __call__(self, tensor: torch.Tensor) -> Value:
        """The function's value, worked out now if it isn't known."""
        version = None if tensor.is_inference() else tensor._version
        known: tuple[int, Value] | None = self._known.get(tensor)
        if known is not None and known[0] == version:
            return known[1]
        value = self._make(tensor)
        if version is not None and value is not tensor:  # which would keep itself alive
            self._known[tensor] = (version, value)
        return value
