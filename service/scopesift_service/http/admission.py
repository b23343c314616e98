"""Limits on calls and characters in flight: above them calls are rejected with 429 instead of queued for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scopesift_service import metrics
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.pace import Pace
from scopesift_service.settings import ServiceSettings

READERS_A_PLACE = 4


class Admission:
    """Counts the calls and characters in flight in this process."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._most_calls = settings.max_concurrency
        self._most_characters = settings.max_queued_characters
        self._longest_wait = settings.max_wait
        self._pace = Pace()
        self.reading = 0
        self.calls = 0
        self.characters = 0

    @contextmanager
    def reader(self) -> Iterator[None]:
        """Take a slot for reading a body, which bounds the number of slow senders.

        Raises:
            ServiceError: 429.
        """
        if self.reading >= READERS_A_PLACE * self._most_calls:
            raise ServiceError(429, "too many requests are sending their body; try again after Retry-After")
        self.reading += 1
        try:
            yield
        finally:
            self.reading -= 1

    @contextmanager
    def place(self, characters: int) -> Iterator[None]:
        """Take a slot for a call that is being processed.

        Args:
            characters: Of all its texts; a call larger than the limit is admitted if no other is in flight.

        Raises:
            ServiceError: 429.
        """
        self._pace.pass_time(self.calls)
        asked = self.characters + characters
        full = self.characters > 0 and (
            asked > self._most_characters or self._pace.seconds(asked) > self._longest_wait
        )
        if self.calls >= self._most_calls or full:
            raise ServiceError(429, "the service is busy; try again after Retry-After")
        begun = self._pace.begin()
        self.calls += 1
        self.characters += characters
        metrics.in_flight.inc()
        try:
            yield
            self._pace.pass_time(self.calls)
            self._pace.judged(characters, begun)
        finally:
            self._pace.pass_time(self.calls)
            self.calls -= 1
            self.characters -= characters
            metrics.in_flight.dec()
