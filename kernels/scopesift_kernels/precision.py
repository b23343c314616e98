"""Full float32 matrix products, whatever precision the process allows elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

_FULL = ("none", "ieee")


@dataclass
class _Switch:
    """One of torch's process-wide settings, and how many running blocks need it at full precision."""

    setting: Any
    inside: int = 0
    before: str = ""

    def enter(self) -> None:
        if self.inside == 0:
            self.before = self.setting.fp32_precision
            if self.before not in _FULL:
                self.setting.fp32_precision = "ieee"
        self.inside += 1

    def leave(self) -> None:
        self.inside -= 1
        if self.inside == 0 and self.before not in _FULL:
            # a value that was inherited from a parent setting is unset again, not fixed
            self.setting.fp32_precision = "none"
            if self.setting.fp32_precision != self.before:
                self.setting.fp32_precision = self.before


_lock = threading.Lock()
_cpu = _Switch(torch.backends.mkldnn.matmul)  # type: ignore[attr-defined]
_cuda = _Switch(torch.backends.cuda.matmul)


@contextmanager
def full_float32(device: torch.device) -> Iterator[None]:
    """Run a block without autograd, autocast or reduced-precision float32 products (TF32, bf16 passes).

    Reduced float32 rounds inputs to 10 or 7 bits of mantissa, which reorders features around the k-th
    largest; autocast would do the same to inputs that are given in float32. The settings belong to the whole
    process: the first of several threads sets them, the last one restores them.
    """
    switches = [_cpu, _cuda] if device.type == "cuda" else [_cpu]
    with _lock:
        for switch in switches:
            switch.enter()
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            yield
    finally:
        with _lock:
            for switch in switches:
                switch.leave()
