"""The ASGI application: request ids, admission, errors in each API's format, the request log and metrics."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from scopesift_service import metrics
from scopesift_service.http import paths
from scopesift_service.http.admission import Admission
from scopesift_service.http.auth import check_admin, check_key
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import OPENAI, PERSPECTIVE, ServiceError, internal_error
from scopesift_service.http.request_body import ClientGone, Receive, RequestBody
from scopesift_service.http.route import ADMIN, KEY, Route, RouteTable
from scopesift_service.settings import ServiceSettings

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Span = Callable[[Call, str], AbstractContextManager[Any]]

OTHER = "other"
GONE = 499
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z", re.ASCII)
ALWAYS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
log = logging.getLogger("scopesift.requests")


class Edge:
    """Answers all HTTP requests from a route table."""

    def __init__(
        self, table: RouteTable, settings: ServiceSettings, admission: Admission, *, span: Span | None = None
    ) -> None:
        """Set routes and limits.

        Args:
            table: The routes.
            settings: Limits and keys.
            admission: Limits what is in flight.
            span: Opens a trace span for a call and its route; None: no tracing.
        """
        self._table = table
        self._settings = settings
        self._admission = admission
        self._span = span

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        began = time.perf_counter()
        call = _call(scope)
        found = self._table.find(call.path)
        shape = OPENAI
        label = OTHER
        if found is not None:
            route, call.parts = found
            shape, label = route.shape, route.path
        elif call.path.startswith(paths.PERSPECTIVE):
            shape = PERSPECTIVE
        body = RequestBody(call.headers, receive)
        try:
            with self._span(call, label) if self._span else nullcontext():
                answer = await self._answer(call, found and found[0], shape, body)
            await _send(send, answer, call, close=not await body.drain())
            status = answer.status
        except (ClientGone, ConnectionError):
            status = GONE
        seconds = time.perf_counter() - began
        metrics.requests.labels(label, str(status)).inc()
        metrics.request_seconds.labels(label).observe(seconds)
        level = logging.DEBUG if label in paths.PROBES else logging.INFO
        if log.isEnabledFor(level):
            method = call.method if call.method in METHODS else OTHER
            fields = {"request_id": call.request_id, "route": label, "method": method, "status": status}
            log.log(level, "request", extra={**fields, "seconds": round(seconds, 4), **call.note})

    async def _answer(self, call: Call, route: Route | None, shape: str, body: RequestBody) -> Answer:
        try:
            if route is None:
                raise ServiceError(
                    404, f"there is no route {call.path[:64]!r}; GET {paths.OPENAPI} lists them"
                )
            return await self._work(call, route, body)
        except ServiceError as error:
            refusal = error
        except ClientGone:
            raise
        except Exception:
            log.exception(
                "a request failed", extra={"request_id": call.request_id, "route": route and route.path}
            )
            refusal = internal_error(call.request_id)
        call.note["error"] = refusal.code
        return json_answer(refusal.body(shape), status=refusal.status, headers=refusal.headers)

    async def _work(self, call: Call, route: Route, body: RequestBody) -> Answer:
        handler = route.handler(call.method)
        if route.disabled is not None:
            raise ServiceError(403, route.disabled.message, code=route.disabled.code)
        if route.access == ADMIN:
            call.admin = check_admin(self._settings, call.headers)
            call.note["admin"] = call.admin
        elif route.access == KEY:
            check_key(self._settings, call.headers, call.query_values("key"))
        if call.method == "POST":
            with self._admission.reader():
                call.body = await body.read(self._settings.max_body_bytes, self._settings.timeout)
        seconds = route.seconds or self._settings.timeout
        try:
            async with asyncio.timeout(seconds):
                return await body.while_connected(handler(call))
        except TimeoutError:
            raise ServiceError(
                503, f"no answer within {seconds:g} s; send fewer texts or try again", code="timeout"
            ) from None


def _call(scope: Scope) -> Call:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        # of repeated headers the first counts, so that a second Authorization or Content-Type has no effect
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    given = headers.get("x-request-id", "")
    return Call(
        method=scope["method"],
        path=scope["path"],
        parts={},
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=headers,
        scheme=scope.get("scheme", "http"),
        request_id=given if _REQUEST_ID.match(given) else uuid.uuid4().hex,
    )


async def _send(send: Send, answer: Answer, call: Call, *, close: bool) -> None:
    headers = {
        **ALWAYS,
        "Content-Type": answer.content_type,
        "Content-Length": str(len(answer.body)),
        "X-Request-Id": call.request_id,
        **answer.headers,
        **({"Connection": "close"} if close else {}),
    }
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    body = b"" if call.method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})
