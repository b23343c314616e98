"""Times and peak memory of one call."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch


def median_ms(call: Callable[[int], object], device: torch.device, repeats: int, batches: int) -> float:
    """Median milliseconds of `call(batch)` over repeats, batches taken in turn, after one call to warm up."""
    call(0)
    times = []
    for repeat in range(repeats):
        _wait(device)
        start = time.perf_counter()
        call(repeat % batches)
        _wait(device)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def extra_mib(call: Callable[[int], object], device: torch.device) -> float | None:
    """Peak MiB that a call takes beyond what was there, its outputs included; None where it can't be measured."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call(0)
        torch.cuda.synchronize(device)
        return (torch.cuda.max_memory_allocated(device) - before) / 2**20
    try:
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak of the resident set
    except OSError:
        return None
    before = _status_kib("VmRSS")
    call(0)
    return (_status_kib("VmHWM") - before) / 1024


def _status_kib(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
