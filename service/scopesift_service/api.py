"""The HTTP process: `bentoml serve scopesift_service.api:Moderation`."""

from __future__ import annotations

from typing import Any

import bentoml

from scopesift_service.application import build_application
from scopesift_service.edge import Edge, Receive, Scope, Send
from scopesift_service.engine_client import DependencyClient
from scopesift_service.engine_service import Engine
from scopesift_service.request_log import start_logging
from scopesift_service.settings import settings

# above every limit of ours, so that callers see our error and not BentoML's
SPARE_SECONDS = 15


@bentoml.service(
    name="Moderation",
    workers=settings().api_workers,
    traffic={"timeout": max(settings().timeout, settings().transfer_timeout) + SPARE_SECONDS},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    http={"host": "127.0.0.1", "port": 3000},
)
class Moderation:
    """Moderation with evidence: OpenAI's and Perspective's APIs, and everything at /v1/classify."""

    engine = bentoml.depends(Engine)

    def __init__(self) -> None:
        """Build the application on the engine's proxy."""
        start_logging(settings().log_level)
        FrontDoor.application = build_application(DependencyClient(self.engine), settings())


class FrontDoor:
    """Hands every HTTP request to our application, before any route of BentoML's own sees it."""

    application: Edge | None = None

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI; lifespan events stay BentoML's."""
        if scope["type"] == "lifespan" or FrontDoor.application is None:
            await self._app(scope, receive, send)
        else:
            await FrontDoor.application(scope, receive, send)


Moderation.add_asgi_middleware(FrontDoor)  # type: ignore[attr-defined]
