"""Times and peak memory of one call."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

Call = Callable[[int], object]


def timed_in_turn(
    calls: Mapping[str, Call], device: torch.device, repeats: int, batches: int
) -> dict[str, list[float]]:
    """Milliseconds of every call in every round; a round makes each call once, after a warm-up round.

    Calls of a round are timed within seconds of each other, so that load on the machine affects all of them: take
    ratios inside a round, then their median.

    Args:
        calls: by name, called with the index of a batch.
        device: their device.
        repeats: number of rounds.
        batches: number of batches, used in turn.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for round_number in range(-1, repeats):
        for name, call in calls.items():
            _wait(device)
            start = time.perf_counter()
            call(round_number % batches)
            _wait(device)
            if round_number >= 0:
                times[name].append(1000 * (time.perf_counter() - start))
    return times


def median_ratios(times: Mapping[str, list[float]], floor: str) -> dict[str, float]:
    """Median over rounds of each call's time relative to the baseline's in the same round."""
    return {
        name: statistics.median(own / least for own, least in zip(spent, times[floor], strict=True))
        for name, spent in times.items()
    }


def extra_mib(call: Callable[[int], object], device: torch.device) -> float | None:
    """Peak MiB that a call adds, including its outputs; None if it can't be measured."""
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
