"""The engine process: a BentoML service behind the HTTP processes, reachable over a unix socket only.

Its calls are pickled, so this service must never be served by itself. They bypass BentoML's own routes, whose checks of
types cost more than a short text, and whose queue counts calls instead of tokens.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Sequence
from typing import Any

import bentoml
from _bentoml_sdk.service import Service  # type: ignore[import-untyped]
from scopesift_classifiers.artifact.classifier import DEFAULT

from scopesift_service.engine.call_queue import CallQueue, QueueFull, QueueLimits
from scopesift_service.engine.judged import JUDGE_PATH, AskedText, Judged, readings
from scopesift_service.http.edge import Scope, Send
from scopesift_service.http.request_body import ClientGone, Receive, RequestBody
from scopesift_service.request_log import start_logging
from scopesift_service.settings import settings

FULL, FAILED = 429, 500
log = logging.getLogger("scopesift.engine")


class EngineDoor:
    """Answers `JUDGE_PATH` from the queue; BentoML answers the rest."""

    queue: CallQueue[AskedText, Any, Judged] | None = None

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["path"] == JUDGE_PATH:
            await answer_call(receive, send)
        else:
            await self._app(scope, receive, send)


class EngineService(Service[Any]):
    """A BentoML service whose ASGI application is wrapped in `EngineDoor`."""

    def to_asgi(self, is_main: bool = True) -> EngineDoor:
        """The ASGI application that uvicorn serves.

        Raises:
            RuntimeError: It is served by itself, where anyone could send it pickles.
        """
        if is_main:
            raise RuntimeError("the engine takes pickled calls; serve scopesift_service.api:Moderation")
        return EngineDoor(super().to_asgi(is_main=is_main))


@bentoml.service(
    name="ScopesiftEngine",
    service_class=EngineService,
    workers=settings().workers,
    traffic={"timeout": settings().timeout + 5},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
class Engine:
    """Holds the scope and the classifiers, and classifies batches of texts one after another."""

    def __init__(self) -> None:
        """Load and warm up; calls are accepted afterwards."""
        start_logging(settings().log_level)
        from scopesift_service.engine.feature_list import list_features
        from scopesift_service.engine.judge import BrokenEngineError
        from scopesift_service.engine.load_judge import load_judge

        judge = self._judge = load_judge(settings())
        self._list_features = list_features

        def run(items: Sequence[AskedText], texts: Sequence[Any]) -> list[Judged]:
            try:
                return judge.answer(items, texts)
            except BrokenEngineError as error:
                log.critical("the engine is broken and restarts", extra={"reason": str(error)})
                # a sticky device error goes away only in a new process; the supervisor starts one
                os._exit(1)

        limits = QueueLimits(
            queued_tokens=settings().max_queued_tokens,
            wait=settings().max_wait,
            turn_tokens=settings().batch_tokens,
        )
        EngineDoor.queue = CallQueue(characters, judge.tokenise, run, limits)

    @bentoml.api  # type: ignore[untyped-decorator]
    def describe(self) -> dict[str, Any]:
        """The scope and the classifiers in use."""
        return {"scope": self._judge.scope, "classifiers": self._judge.describe()}

    @bentoml.api  # type: ignore[untyped-decorator]
    def features(
        self, name: str, rule: str, label: str, search: str, first: int, most: int
    ) -> dict[str, Any]:
        """A part of the features of one rule of a classifier in use, see `list_features`; {}: it has no such rule."""
        classifier = self._judge.engine.classifiers[name]
        if rule != DEFAULT and rule not in classifier.by_lang:
            return {}
        return self._list_features(classifier, rule, label, search, first, most)


def characters(items: Sequence[AskedText]) -> int:
    """Characters that are read for a call."""
    return sum(len(item.text) * readings(spans=item.spans, tokens=item.tokens) for item in items)


async def answer_call(receive: Receive, send: Send) -> None:
    """Classify the pickled `AskedText`s of a body; the answer is a pickled list of `Judged`.

    A call whose HTTP process hung up leaves the queue.
    """
    body = RequestBody({}, receive)
    status, answer = 200, b""
    try:
        if EngineDoor.queue is None:
            raise RuntimeError("the engine is not loaded")
        items = [AskedText(*item) for item in pickle.loads(await body.whole())]  # noqa: S301  # our own processes'
        judged = await body.while_connected(EngineDoor.queue.ask(items))
        answer = pickle.dumps(list(judged), pickle.HIGHEST_PROTOCOL)
    except ClientGone:
        return
    except QueueFull:
        status = FULL
    except Exception as error:
        log.exception("a call failed", extra={"reason": type(error).__name__})
        status = FAILED
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
