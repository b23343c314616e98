"""The HTTP process's view of the engine process."""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Sequence
from typing import Any, Protocol, cast

from scopesift_service.engine.judged import Judged
from scopesift_service.http.errors import ServiceError

READY_SECONDS = 2
log = logging.getLogger("scopesift.engine_client")


class EngineClient(Protocol):
    """What the routes need of the engine."""

    async def judge(self, texts: Sequence[str]) -> list[Judged]:
        """One answer a text, in order; 503 while the engine is away."""

    async def describe(self) -> dict[str, Any]:
        """Scope and classifiers in use."""

    async def ready(self) -> bool:
        """Whether it would answer now."""


class DependencyClient:
    """The engine as BentoML hands it over: a proxy to the engine process, or the engine itself in a test."""

    def __init__(self, dependency: Any) -> None:
        self._dependency = dependency

    async def judge(self, texts: Sequence[str]) -> list[Judged]:
        """Judge; an engine that dies meanwhile is asked once more, since judging changes nothing.

        Raises:
            ServiceError: 503 while the engine is away, 500 if it miscounts.
        """
        sent = time.monotonic()
        answers = await self._ask("judge", [(text, sent) for text in texts])
        if len(answers) != len(texts):
            log.error(
                "the engine miscounted", extra={"reason": f"{len(answers)} answers, {len(texts)} texts"}
            )
            raise ServiceError(500, "the engine gave another number of answers than texts")
        return [pickle.loads(answer) for answer in answers]  # noqa: S301  # from our own engine process

    async def describe(self) -> dict[str, Any]:
        """Scope and classifiers in use.

        Raises:
            ServiceError: 503 while the engine is away.
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
            log.warning("the engine did not answer, asking again", extra={"reason": type(error).__name__})
        try:
            return await call(*arguments)
        except Exception as error:
            log.error("the engine did not answer", extra={"reason": type(error).__name__})
            raise ServiceError(503, "the engine is away; try again after Retry-After") from None
