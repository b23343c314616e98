"""All routes joined to one ASGI application."""

from __future__ import annotations

from scopesift_service.admission import Admission
from scopesift_service.classifier_routes import ClassifierRoutes
from scopesift_service.document_routes import DocumentRoutes
from scopesift_service.edge import Edge
from scopesift_service.engine_client import EngineClient
from scopesift_service.moderation_routes import ModerationRoutes
from scopesift_service.route import RouteTable
from scopesift_service.service_routes import ServiceRoutes
from scopesift_service.settings import ServiceSettings
from scopesift_service.tracing import tracer
from scopesift_service.version_routes import VersionRoutes


def build_application(engine: EngineClient, settings: ServiceSettings) -> Edge:
    """The application on an engine.

    Raises:
        UsageError: Traces are wanted and their exporter is missing.
    """
    admission = Admission(settings)
    table = RouteTable(
        [
            *ModerationRoutes(engine, settings, admission).routes(),
            *ClassifierRoutes(engine, settings, admission).routes(),
            *VersionRoutes(engine, settings).routes(),
            *DocumentRoutes(engine, settings).routes(),
            *ServiceRoutes(engine).routes(),
        ]
    )
    span = tracer(settings.otel_endpoint) if settings.otel_endpoint else None
    return Edge(table, settings, admission, span=span)
