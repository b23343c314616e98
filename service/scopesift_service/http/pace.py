"""How fast this process gets characters judged, so that a queue can be told in seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

FADE_SECONDS = 4.0
LEARNING_SECONDS = 0.5


class Pace:
    """Characters a second, measured while calls wait for one another; old measurements fade.

    A lone call says little of what the engine can do, so time with fewer than two calls in flight does not count.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is known yet.

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
        """Count the time since the last change; call it before every change of what is in flight.

        Args:
            calls: In flight since then.
        """
        now = self._clock()
        passed, self._seen = now - self._seen, now
        if calls >= 2:
            self._crowded += passed

    def begin(self) -> tuple[float, float]:
        """A call begins; what `judged` wants to know of it. Call `pass_time` before."""
        return self._seen, self._crowded

    def judged(self, characters: int, begun: tuple[float, float]) -> None:
        """Count the characters of an answered call, as far as others were in flight beside it."""
        since, crowded = begun
        lasted = self._seen - since
        # answers come in batches: the time that one took fades together with what it brought, or it looks faster
        passed, self._counted = self._crowded - self._counted, self._crowded
        kept = math.exp(-passed / FADE_SECONDS)
        self._characters *= kept
        self._seconds = self._seconds * kept + passed
        if lasted > 0:
            self._characters += characters * (self._crowded - crowded) / lasted

    def seconds(self, characters: int) -> float:
        """How long that many characters would take; 0 while nothing is known."""
        if self._seconds < LEARNING_SECONDS or self._characters <= 0:
            return 0.0
        return characters * self._seconds / self._characters
