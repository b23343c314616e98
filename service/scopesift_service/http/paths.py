"""All paths of the service, for routes, OpenAPI and discovery documents, and our own clients."""

from __future__ import annotations

PLAYGROUND = "/"
CLASSIFY = "/v1/classify"
MODERATIONS = "/v1/moderations"
CLASSIFIERS = "/v1/classifiers"
CLASSIFIER = f"{CLASSIFIERS}/{{name}}"
TRANSFER = f"{CLASSIFIER}/transfer"
ACTIVATE = f"{CLASSIFIER}/activate"

PERSPECTIVE_VERSION = "v1alpha1"
PERSPECTIVE = f"/{PERSPECTIVE_VERSION}/"
ANALYZE = f"{PERSPECTIVE}comments:analyze"

OPENAPI = "/openapi.json"
OPENAPI_ALIAS = "/docs.json"
DISCOVERY = "/$discovery/rest"
DISCOVERY_ALIAS = f"/discovery/v1/apis/commentanalyzer/{PERSPECTIVE_VERSION}/rest"

LIVEZ = "/livez"
READYZ = "/readyz"
METRICS = "/metrics"
PROBES = frozenset({LIVEZ, READYZ, METRICS})
