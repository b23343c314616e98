"""Limits on calls in flight: above them calls are rejected with 429; the engine's queue has limits in tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scopesift_service import metrics
from scopesift_service.http.errors import ServiceError
from scopesift_service.settings import ServiceSettings

READERS_A_PLACE = 4


class Admission:
    """Counts the calls in flight in this process."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._most_calls = settings.max_concurrency
        self.reading = 0
        self.calls = 0

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
    def place(self) -> Iterator[None]:
        """Take a slot for a call that is being processed.

        Raises:
            ServiceError: 429.
        """
        if self.calls >= self._most_calls:
            raise ServiceError(429, "the service is busy; try again after Retry-After")
        self.calls += 1
        metrics.in_flight.inc()
        try:
            yield
        finally:
            self.calls -= 1
            metrics.in_flight.dec()
