"""All routes joined to one ASGI application."""

from __future__ import annotations

from scopesift_service.admission import Admission
from scopesift_service.edge import Edge
from scopesift_service.engine_client import EngineClient
from scopesift_service.moderation_routes import ModerationRoutes
from scopesift_service.route import RouteTable
from scopesift_service.service_routes import ServiceRoutes
from scopesift_service.settings import ServiceSettings


def build_application(engine: EngineClient, settings: ServiceSettings) -> Edge:
    """The application on an engine."""
    admission = Admission(settings)
    table = RouteTable(
        [
            *ModerationRoutes(engine, settings, admission).routes(),
            *ServiceRoutes(engine).routes(),
        ]
    )
    return Edge(table, settings, admission)
