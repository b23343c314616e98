"""Running totals of a run."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from scopesift_filtering.shards.marker import Marker

SAMPLES = 12


@dataclass
class Tally:
    """Totals of the finished shards.

    Attributes:
        started: monotonic clock at the start, seconds.
        shards, rows, kept, dropped, rejected, chars, tokens, places, disk_bytes: sums over all shards.
        earlier: rows of shards that were done before this process started.
        new_tokens: tokens that this process computed.
        counts: table -> value -> rows.
        samples: kept and dropped rows, those of the first shards in input order.
        outputs: file -> SHA-256.
    """

    started: float
    shards: int = 0
    rows: int = 0
    kept: int = 0
    dropped: int = 0
    rejected: int = 0
    chars: int = 0
    tokens: int = 0
    places: int = 0
    disk_bytes: int = 0
    earlier: int = 0
    new_tokens: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    samples: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    def add(self, marker: Marker, *, before: bool) -> None:
        """Add a finished shard."""
        self.shards += 1
        for name in ("rows", "kept", "dropped", "rejected", "chars", "tokens", "places", "disk_bytes"):
            setattr(self, name, getattr(self, name) + getattr(marker, name))
        if before:
            self.earlier += marker.rows
        else:
            self.new_tokens += marker.tokens
        for table, counted in marker.counts.items():
            self.counts.setdefault(table, Counter()).update(counted)
        for kind, rows in marker.samples.items():
            held = self.samples.setdefault(kind, [])
            held += [(marker.shard, row) for row in rows]
            held.sort(key=lambda pair: pair[0])  # stable: independent of the order in which shards finish
            del held[SAMPLES:]
        self.outputs.update(marker.files)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return max(time.monotonic() - self.started, 1e-9)

    @property
    def docs_per_s(self) -> float:
        """Rows per second of this process."""
        return (self.rows - self.earlier) / self.seconds

    @property
    def tokens_per_s(self) -> float:
        """Tokens per second of this process, including overlaps of windows."""
        return self.new_tokens / self.seconds

    @property
    def kept_share(self) -> float:
        """Share of all rows, including unreadable ones."""
        return self.kept / max(self.rows, 1)

    @property
    def padding(self) -> float:
        """Share of padding in the computed tokens (prefixes are not padding)."""
        return 1 - self.tokens / max(self.places, 1)
