"""Rates and percentiles of a load's calls."""

from __future__ import annotations

import statistics
from typing import Any

from bench.errors import BenchError


def rate_summary(samples: list[list[float]], texts: int) -> dict[str, Any]:
    """Rates and percentiles of one load.

    Args:
        samples: [sent, seconds, status] of every call.
        texts: Texts per call.

    Raises:
        BenchError: No call was answered with 200.
    """
    statuses: dict[str, int] = {}
    for _, _, status in samples:
        statuses[str(int(status))] = statuses.get(str(int(status)), 0) + 1
    good = sorted(seconds for _, seconds, status in samples if status == 200)
    if not good:
        raise BenchError(f"no call was answered with 200, statuses {statuses}: nothing was timed")
    end = max(sent + seconds for sent, seconds, status in samples if status == 200)
    return {
        "calls": len(samples),
        "statuses": statuses,
        "texts_per_second": len(good) * texts / end,
        "median_seconds": statistics.median(good),
        "p99_seconds": good[min(len(good) - 1, int(0.99 * len(good)))],
        "slowest_seconds": good[-1],
    }


def steady_rate(samples: list[list[float]], texts: int, begin: float, end: float) -> float:
    """Texts answered per second in the middle of a load, without its start, when queues fill, and its end.

    From the first answer in that time to the last: counting the answers in a fixed time would round to whole calls.

    Args:
        samples: [sent, seconds, status] of every call.
        texts: Texts per call.
        begin: Seconds since the load began.
        end: The same.

    Raises:
        BenchError: fewer than two calls were answered with 200 in that time.
    """
    good = [sent + seconds for sent, seconds, status in samples if status == 200]
    moments = [moment for moment in good if begin < moment <= end]
    if len(moments) < 2:
        raise BenchError(
            f"{len(moments)} calls were answered with 200 in {end - begin:g} s: too few for a rate"
        )
    return (len(moments) - 1) * texts / (max(moments) - min(moments))
