"""Probes, metrics, and the pages of the playground."""

from __future__ import annotations

import asyncio
from functools import partial

from scopesift_service import metrics
from scopesift_service.engine.client import EngineClient
from scopesift_service.http import paths
from scopesift_service.http.call import Answer, Call
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.route import Route
from scopesift_service.playground.page import page
from scopesift_service.playground.views import VIEWS, View

PLAIN = "text/plain; charset=utf-8"


class ServiceRoutes:
    """Routes for operators and browsers."""

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        return [
            *(Route(view.path, {"GET": partial(self._page, view)}) for view in VIEWS),
            Route(paths.LIVEZ, {"GET": self._livez}),
            Route(paths.READYZ, {"GET": self._readyz}),
            Route(paths.METRICS, {"GET": self._metrics}),
        ]

    async def _page(self, view: View, _call: Call) -> Answer:
        found = page(view)
        headers = {name: value for name, value in found.headers.items() if name != "Content-Type"}
        return Answer(found.body, content_type=found.headers["Content-Type"], headers=headers)

    async def _livez(self, _call: Call) -> Answer:
        return Answer(b"ok\n", content_type=PLAIN)

    async def _readyz(self, _call: Call) -> Answer:
        if not await self._engine.ready():
            raise ServiceError(503, "the engine is not ready yet", code="not_ready")
        return Answer(b"ok\n", content_type=PLAIN)

    async def _metrics(self, _call: Call) -> Answer:
        text, content_type = await asyncio.to_thread(metrics.exposition)
        return Answer(text, content_type=content_type)
