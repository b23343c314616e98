"""All routes as one ASGI application."""

from __future__ import annotations

from scopesift_service.apis.classifiers.audit_routes import AuditRoutes
from scopesift_service.apis.classifiers.classifier_routes import ClassifierRoutes
from scopesift_service.apis.classifiers.edit_routes import EditRoutes
from scopesift_service.apis.classifiers.feature_routes import FeatureRoutes
from scopesift_service.apis.classifiers.progress_routes import ProgressRoutes
from scopesift_service.apis.classifiers.version_routes import VersionRoutes
from scopesift_service.apis.document_routes import DocumentRoutes
from scopesift_service.apis.judging import Judging
from scopesift_service.apis.loaded import LoadedClassifiers
from scopesift_service.apis.moderation_routes import ModerationRoutes
from scopesift_service.apis.perspective.routes import PerspectiveRoutes
from scopesift_service.apis.service_routes import ServiceRoutes
from scopesift_service.apis.steering_routes import SteeringRoutes
from scopesift_service.engine.client import EngineClient
from scopesift_service.http.admission import Admission
from scopesift_service.http.edge import Edge
from scopesift_service.http.route import RouteTable
from scopesift_service.http.tracing import tracer
from scopesift_service.settings import ServiceSettings


def build_application(engine: EngineClient, settings: ServiceSettings) -> Edge:
    """The application on an engine.

    Raises:
        UsageError: Tracing is on and its exporter is not installed.
    """
    admission = Admission(settings)
    loaded = LoadedClassifiers(engine)
    judging = Judging(engine, settings, admission)
    table = RouteTable(
        [
            *ModerationRoutes(judging, loaded, settings).routes(),
            *PerspectiveRoutes(judging, loaded, settings).routes(),
            *ClassifierRoutes(engine, settings, admission).routes(),
            *FeatureRoutes(engine, admission).routes(),
            *VersionRoutes(engine, settings).routes(),
            *EditRoutes(engine, settings).routes(),
            *ProgressRoutes(loaded, settings).routes(),
            *AuditRoutes(settings).routes(),
            *SteeringRoutes(loaded, settings).routes(),
            *DocumentRoutes(loaded, settings).routes(),
            *ServiceRoutes(engine).routes(),
        ]
    )
    span = tracer(settings.otel_endpoint) if settings.otel_endpoint else None
    return Edge(table, settings, admission, span=span)
