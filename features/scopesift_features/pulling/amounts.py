"""Formatting of sizes, durations and lists of layers."""

from __future__ import annotations

from collections.abc import Sequence


def written_size(size: float) -> str:
    """Bytes in the largest unit that gives at least 1: `512 MiB`, `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def written_layers(layers: Sequence[int]) -> str:
    """Ascending layers: `0 to 27` if contiguous, else `6, 14`."""
    whole = len(layers) > 2 and list(layers) == list(range(layers[0], layers[-1] + 1))
    return f"{layers[0]} to {layers[-1]}" if whole else ", ".join(map(str, layers))


def written_minutes(minutes: float) -> str:
    """A duration, rounded: `<1 min`, `12 min`, `3.4 h`, `6 days`."""
    if minutes < 1:
        return "<1 min"
    if minutes < 100:
        return f"{minutes:.0f} min"
    if minutes < 72 * 60:
        return f"{minutes / 60:.1f} h"
    return f"{minutes / (24 * 60):,.0f} days"
