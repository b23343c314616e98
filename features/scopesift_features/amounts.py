"""Sizes and lists of layers, as people read them."""

from __future__ import annotations

from collections.abc import Sequence


def written_size(size: float) -> str:
    """Bytes in the largest unit that leaves a whole one: `512 MiB`, `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def written_layers(layers: Sequence[int]) -> str:
    """Ascending layers: `0 to 27` where none is left out, else `6, 14`."""
    whole = len(layers) > 2 and list(layers) == list(range(layers[0], layers[-1] + 1))
    return f"{layers[0]} to {layers[-1]}" if whole else ", ".join(map(str, layers))
