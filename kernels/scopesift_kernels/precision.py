"""Full float32 multiplication, whatever the process has allowed elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_FULL = ("none", "ieee")


@contextmanager
def full_float32(device: torch.device) -> Iterator[None]:
    """Run a block without autograd, autocast or reduced-precision float32 products (TF32, bf16 passes).

    Reduced float32 rounds inputs to 10 or 7 bits of mantissa, which reorders features around the k-th
    largest; autocast would do the same to inputs that are given in float32.
    """
    switches: list[Any] = [torch.backends.mkldnn.matmul]  # type: ignore[attr-defined]
    if device.type == "cuda":
        switches.append(torch.backends.cuda.matmul)
    before = [switch.fp32_precision for switch in switches]
    try:
        for switch, precision in zip(switches, before, strict=True):
            if precision not in _FULL:
                switch.fp32_precision = "ieee"
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            yield
    finally:
        for switch, precision in zip(switches, before, strict=True):
            if precision not in _FULL:
                switch.fp32_precision = precision
