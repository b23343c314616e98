"""Stores suggestions off the event loop, and answers when they are on disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from scopesift_service.http.errors import ServiceError
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.registry import Registry
from scopesift_service.versions.suggestions import Suggestion, Suggestions, SuggestionsError

Decisions = Mapping[str, Suggestion]
log = logging.getLogger("scopesift.suggestions")


class SuggestionWriter:
    """The suggestions in the state folder.

    One write at a time, since SQLite makes others poll. What arrives meanwhile is stored together by the next one: a
    burst waits for two writes and not for one a call, however slow the disk is.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        """Write nothing yet.

        Args:
            settings: Name the state folder, the rows to keep, and the largest number of calls in flight.
        """
        self._registry = Registry(settings.state) if settings.state else None
        self._rows = settings.max_suggestions
        self._most = settings.max_concurrency
        self._waiting: list[tuple[Decisions, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    def require_state(self) -> Registry:
        """The state folder.

        Raises:
            ServiceError: 403 if there is none.
        """
        if self._registry is None:
            raise ServiceError(
                403, "suggestions are not stored here: set SCOPESIFT_STATE", code="suggestions_disabled"
            )
        return self._registry

    async def write(self, decisions: Decisions) -> None:
        """Store decisions; they are on disk afterwards.

        Args:
            decisions: By classifier.

        Raises:
            ServiceError: 429 if too many calls wait, 503 if the file cannot be written.
        """
        if len(self._waiting) >= self._most:
            raise ServiceError(429, "too many suggestions are being stored; try again after Retry-After")
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((decisions, stored))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        try:
            await stored
        except SuggestionsError as error:
            log.error("a suggestion cannot be stored", extra={"reason": str(error)})
            raise ServiceError(
                503, "the suggestion cannot be stored now; try again after Retry-After", code="not_stored"
            ) from None

    async def _write_all(self) -> None:
        registry = self.require_state()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            failure: Exception | None = None
            try:
                await asyncio.to_thread(self._write, registry, [decisions for decisions, _ in batch])
            except Exception as error:
                failure = error
            for _, stored in batch:
                if stored.done():  # its client has gone
                    continue
                if failure is None:
                    stored.set_result(None)
                else:
                    stored.set_exception(failure)

    def _write(self, registry: Registry, batch: Sequence[Decisions]) -> None:
        for name in sorted({name for decisions in batch for name in decisions}):
            rows = [decisions[name] for decisions in batch if name in decisions]
            Suggestions(registry.home(name), self._rows).add(rows)
