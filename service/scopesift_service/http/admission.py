"""How much may be in flight: whoever comes when it is full is told to come again, instead of waiting for long."""

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
        """Hold a place for reading a body, so that slow senders cannot pile up without limit.

        Raises:
            ServiceError: 429.
        """
        if self.reading >= READERS_A_PLACE * self._most_calls:
            raise ServiceError(429, "too many bodies are being sent; try again after Retry-After")
        self.reading += 1
        try:
            yield
        finally:
            self.reading -= 1

    @contextmanager
    def place(self, characters: int) -> Iterator[None]:
        """Hold a place for a call that is worked on.

        Args:
            characters: Of all its texts; a call that is larger than the limit is let in when it is alone.

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
