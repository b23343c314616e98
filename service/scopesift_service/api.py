"""The HTTP process: `bentoml serve scopesift_service.api:Moderation`."""

from __future__ import annotations

from typing import Any

import bentoml
from _bentoml_sdk.service import Service  # type: ignore[import-untyped]

from scopesift_service.application import build_application
from scopesift_service.engine.client import DependencyClient
from scopesift_service.engine.service import Engine
from scopesift_service.http.edge import Edge, Scope, Send
from scopesift_service.http.request_body import Receive
from scopesift_service.request_log import start_logging
from scopesift_service.settings import settings


class FrontDoor:
    """Passes every HTTP request to our application; BentoML handles start, stop and the engine's proxy.

    BentoML's own routes and middleware would answer in other formats, use raw paths as metric labels, and start a timer
    for every request that runs as long as the longest transfer may take.
    """

    application: Edge | None = None

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan" or FrontDoor.application is None:
            await self._app(scope, receive, send)
        else:
            await FrontDoor.application(scope, receive, send)


class FrontDoorService(Service[Any]):
    """A BentoML service whose ASGI application is wrapped in `FrontDoor`."""

    def to_asgi(self, is_main: bool = True) -> FrontDoor:
        """The ASGI application that uvicorn serves."""
        return FrontDoor(super().to_asgi(is_main=is_main))


@bentoml.service(
    name="Moderation",
    service_class=FrontDoorService,
    workers=settings().api_workers,
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
