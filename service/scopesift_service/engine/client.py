"""The HTTP process's client of the engine process."""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol, cast
from urllib.parse import unquote, urlsplit

import aiohttp

from scopesift_service.engine.judged import JUDGE_PATH, AskedText, Judged
from scopesift_service.http.errors import ServiceError

READY_SECONDS = 2
FULL = 429
log = logging.getLogger("scopesift.engine_client")


class EngineClient(Protocol):
    """Interface of the engine for the routes."""

    async def judge(self, texts: Sequence[str], *, spans: bool = False, tokens: bool = False) -> list[Judged]:
        """One answer per text, in order, with what is asked for besides; 429 if its queue is full, 503 while down."""

    async def describe(self) -> dict[str, Any]:
        """Scope and classifiers in use."""

    async def features(
        self, name: str, rule: str, label: str, search: str, first: int, most: int
    ) -> dict[str, Any]:
        """A part of the features of one rule of a classifier, see `feature_list`."""

    async def ready(self) -> bool:
        """Whether the engine is ready."""


class DependencyClient:
    """The engine process, as a proxy that BentoML provides."""

    def __init__(self, dependency: Any) -> None:
        self._dependency = dependency
        self._session: aiohttp.ClientSession | None = None

    async def judge(self, texts: Sequence[str], *, spans: bool = False, tokens: bool = False) -> list[Judged]:
        """Classify texts; if the engine dies meanwhile the call is repeated once, since it has no side effects.

        Raises:
            ServiceError: 429 if its queue is full, 503 while it is down, 500 if it returns a wrong number of answers.
        """
        sent = time.monotonic()
        asked = [tuple(AskedText(text, sent, spans, tokens)) for text in texts]
        body = pickle.dumps(asked, pickle.HIGHEST_PROTOCOL)

        async def call() -> bytes | None:
            async with self._connections().post(JUDGE_PATH, data=body) as answer:
                if answer.status == FULL:
                    return None
                answer.raise_for_status()
                return await answer.read()

        answer = await _twice(call)
        if answer is None:
            raise ServiceError(429, "the service is busy; try again after Retry-After")
        judged: list[Judged] = pickle.loads(answer)  # noqa: S301  # from our own engine process
        if len(judged) != len(texts):
            log.error(
                "the engine returned a wrong number of answers",
                extra={"reason": f"{len(judged)} answers, {len(texts)} texts"},
            )
            raise ServiceError(500, "the engine returned a wrong number of answers")
        return judged

    async def describe(self) -> dict[str, Any]:
        """Scope and classifiers in use.

        Raises:
            ServiceError: 503 while the engine is down.
        """
        return cast(dict[str, Any], await _twice(self._dependency.to_async.describe))

    async def features(
        self, name: str, rule: str, label: str, search: str, first: int, most: int
    ) -> dict[str, Any]:
        """A part of the features of one rule of a classifier, see `feature_list`.

        Raises:
            ServiceError: 503 while the engine is down.
        """
        ask = partial(
            self._dependency.to_async.features,
            name=name, rule=rule, label=label, search=search, first=first, most=most,
        )  # fmt: skip
        return cast(dict[str, Any], await _twice(ask))

    async def ready(self) -> bool:
        """Whether the engine process answers its own readiness probe."""
        probe = getattr(self._dependency, "is_ready", None)
        if probe is None:
            return True
        try:
            return bool(await probe(READY_SECONDS))
        except Exception:
            return False

    def _connections(self) -> aiohttp.ClientSession:
        """Connections of our own: BentoML closes its, with the calls on them, every 100 calls."""
        if self._session is None:
            url = urlsplit(self._dependency.to_async.url)
            local = url.scheme == "file"
            self._session = aiohttp.ClientSession(
                base_url="http://engine" if local else f"http://{url.netloc}",
                # the calls in flight are bounded elsewhere
                connector=aiohttp.UnixConnector(unquote(url.path), limit=0)
                if local
                else aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
            )
        return self._session


async def _twice(call: Callable[[], Awaitable[Any]]) -> Any:
    """The answer of a call without side effects, which is repeated once if the engine dies meanwhile.

    Raises:
        ServiceError: 503 while the engine is down.
    """
    try:
        return await call()
    except Exception as error:
        log.warning("the engine did not answer, retrying", extra={"reason": type(error).__name__})
    try:
        return await call()
    except Exception as error:
        log.error("the engine did not answer", extra={"reason": type(error).__name__})
        raise ServiceError(503, "the engine is not available; try again after Retry-After") from None
