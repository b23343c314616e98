"""Throughput of this process in characters per second, to convert a queue's length to seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

FADE_SECONDS = 4.0
LEARNING_SECONDS = 0.5


class Pace:
    """Characters per second while at least two calls are in flight, as an exponentially decaying mean.

    A single call doesn't show the engine's throughput, so time with fewer than two calls in flight is left out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without measurements.

        Args:
            clock: Monotonic seconds.
        """
        self._clock = clock
        self._seen = clock()
        self._characters = 0.0
        self._seconds = 0.0
        self._crowded = 0.0
        self._counted = 0.0

    def pass_time(self, calls: int) -> None:
        """Add the time since the last change; call it before every change of the number of calls in flight.

        Args:
            calls: Calls in flight since then.
        """
        now = self._clock()
        passed, self._seen = now - self._seen, now
        if calls >= 2:
            self._crowded += passed

    def begin(self) -> tuple[float, float]:
        """Start a call; returns the state that `judged` needs. Call `pass_time` before."""
        return self._seen, self._crowded

    def judged(self, characters: int, begun: tuple[float, float]) -> None:
        """Add the characters of an answered call, in proportion to the time that others were in flight too."""
        since, crowded = begun
        lasted = self._seen - since
        # answers come in batches: time and characters of a batch decay together, else the rate is overestimated
        passed, self._counted = self._crowded - self._counted, self._crowded
        kept = math.exp(-passed / FADE_SECONDS)
        self._characters *= kept
        self._seconds = self._seconds * kept + passed
        if lasted > 0:
            self._characters += characters * (self._crowded - crowded) / lasted

    def seconds(self, characters: int) -> float:
        """Estimated time for so many characters; 0 without measurements."""
        if self._seconds < LEARNING_SECONDS or self._characters <= 0:
            return 0.0
        return characters * self._seconds / self._characters
