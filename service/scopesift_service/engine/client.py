"""The HTTP process's client of the engine process."""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Sequence
from typing import Any, Protocol, cast

from scopesift_service.engine.judged import AskedText, Judged
from scopesift_service.http.errors import ServiceError

READY_SECONDS = 2
log = logging.getLogger("scopesift.engine_client")


class EngineClient(Protocol):
    """Interface of the engine for the routes."""

    async def judge(self, texts: Sequence[str], *, spans: bool = False, tokens: bool = False) -> list[Judged]:
        """One answer per text, in order, with what is asked for besides; 503 while the engine is down."""

    async def describe(self) -> dict[str, Any]:
        """Scope and classifiers in use."""

    async def ready(self) -> bool:
        """Whether the engine is ready."""


class DependencyClient:
    """The engine as provided by BentoML: a proxy to the engine process, or the engine itself in tests."""

    def __init__(self, dependency: Any) -> None:
        self._dependency = dependency

    async def judge(self, texts: Sequence[str], *, spans: bool = False, tokens: bool = False) -> list[Judged]:
        """Classify texts; if the engine dies meanwhile the call is repeated once, since it has no side effects.

        Raises:
            ServiceError: 503 while the engine is down, 500 if it returns a wrong number of answers.
        """
        sent = time.monotonic()
        answers = await self._ask("judge", [AskedText(text, sent, spans, tokens) for text in texts])
        if len(answers) != len(texts):
            log.error(
                "the engine returned a wrong number of answers",
                extra={"reason": f"{len(answers)} answers, {len(texts)} texts"},
            )
            raise ServiceError(500, "the engine returned a wrong number of answers")
        return [pickle.loads(answer) for answer in answers]  # noqa: S301  # from our own engine process

    async def describe(self) -> dict[str, Any]:
        """Scope and classifiers in use.

        Raises:
            ServiceError: 503 while the engine is down.
        """
        return cast(dict[str, Any], await self._ask("describe"))

    async def ready(self) -> bool:
        """Whether the engine process answers its own readiness probe."""
        probe = getattr(self._dependency, "is_ready", None)
        if probe is None:
            return True
        try:
            return bool(await probe(READY_SECONDS))
        except Exception:
            return False

    async def _ask(self, name: str, *arguments: Any) -> Any:
        call = getattr(self._dependency.to_async, name)
        try:
            return await call(*arguments)
        except Exception as error:
            log.warning("the engine did not answer, retrying", extra={"reason": type(error).__name__})
        try:
            return await call(*arguments)
        except Exception as error:
            log.error("the engine did not answer", extra={"reason": type(error).__name__})
            raise ServiceError(503, "the engine is not available; try again after Retry-After") from None
