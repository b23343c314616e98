"""Throughput of the model in tokens per second, to convert a queue's length to seconds."""

from __future__ import annotations

import math

FADE_SECONDS = 4.0
LEARNING_SECONDS = 0.5


class Pace:
    """Tokens per second while the model runs, as an exponentially decaying mean."""

    def __init__(self) -> None:
        self._tokens = 0.0
        self._seconds = 0.0

    def ran(self, tokens: int, seconds: float) -> None:
        """Add a turn of the model.

        Args:
            tokens: What it ran.
            seconds: How long it took.
        """
        kept = math.exp(-seconds / FADE_SECONDS)
        self._tokens = self._tokens * kept + tokens
        self._seconds = self._seconds * kept + seconds

    def seconds(self, tokens: int) -> float:
        """Estimated time for so many tokens; 0 without measurements."""
        if self._seconds < LEARNING_SECONDS or self._tokens <= 0:
            return 0.0
        return tokens * self._seconds / self._tokens
