"""Stores suggestions off the event loop, one at a time, within a limit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from scopesift_service.http.errors import ServiceError
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.registry import Registry
from scopesift_service.versions.suggestions import Suggestions, SuggestionsError

log = logging.getLogger("scopesift.suggestions")


class SuggestionWriter:
    """The suggestions in the state folder, written by one thread of this process.

    One thread, since SQLite lets one write at a time and makes the others poll.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        """Write nothing yet.

        Args:
            settings: Name the state folder, the rows to keep, and the largest number of calls in flight.
        """
        self._registry = Registry(settings.state) if settings.state else None
        self._rows = settings.max_suggestions
        self._most = settings.max_concurrency
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, "suggestions")

    def require_state(self) -> None:
        """Check that there is a state folder.

        Raises:
            ServiceError: 403.
        """
        if self._registry is None:
            raise ServiceError(
                403, "suggestions are not stored here: set SCOPESIFT_STATE", code="suggestions_disabled"
            )

    async def write(self, labels: Mapping[str, str], text: str, lang: str) -> None:
        """Store a decision; it is on disk afterwards.

        Args:
            labels: Label by classifier.
            text: The text.
            lang: Its language.

        Raises:
            ServiceError: 429 if too many calls wait, 503 if the file cannot be written.
        """
        if self._waiting >= self._most:
            raise ServiceError(429, "too many suggestions are being stored; try again after Retry-After")
        self._waiting += 1
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._write, labels, text, lang)
        except SuggestionsError as error:
            log.error("a suggestion cannot be stored", extra={"reason": str(error)})
            raise ServiceError(
                503, "the suggestion cannot be stored now; try again after Retry-After", code="not_stored"
            ) from None
        finally:
            self._waiting -= 1

    def _write(self, labels: Mapping[str, str], text: str, lang: str) -> None:
        if self._registry is None:
            return
        for name, label in labels.items():
            Suggestions(self._registry.home(name), self._rows).add(text, label, lang)
