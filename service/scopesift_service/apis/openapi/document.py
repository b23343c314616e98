"""The OpenAPI document: every route with all its responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scopesift_service.apis.loaded import LoadedClassifier
from scopesift_service.apis.openapi.changes import (
    audit_schemas,
    edit_schemas,
    feature_schemas,
    progress_schemas,
)
from scopesift_service.apis.openapi.classifiers import classifier_schemas, error_schemas
from scopesift_service.apis.openapi.examples import examples_for
from scopesift_service.apis.openapi.moderation import (
    classify_schemas,
    guardrail_schemas,
    openai_schemas,
    text_classification_schemas,
)
from scopesift_service.apis.openapi.operations import OPERATIONS, TAGS
from scopesift_service.apis.openapi.perspective import perspective_schemas
from scopesift_service.apis.openapi.steering import steering_schemas
from scopesift_service.settings import ServiceSettings

DESCRIPTION = """\
Text classifiers that read selected features of a sparse autoencoder, and show them: toxicity, language, domain
and others.

Bodies are JSON, UTF-8, not compressed. Every answer has `X-Request-Id`. Examples are answers of the default scope,
with long lists cut short; another scope or other versions give other numbers.
"""


def openapi_document(
    limits: ServiceSettings, root_url: str, loaded: Sequence[LoadedClassifier]
) -> dict[str, Any]:
    """The document, OpenAPI 3.1.

    Args:
        limits: The limits to state, and whether keys are needed.
        root_url: Root URL of this server.
        loaded: The loaded classifiers.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "scopesift", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": root_url}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": _paths(limits, [classifier.name for classifier in loaded]),
        "components": {
            "schemas": {
                **classify_schemas(limits, loaded),
                **openai_schemas(limits),
                **perspective_schemas(limits, loaded),
                **text_classification_schemas(limits),
                **guardrail_schemas(limits, loaded),
                **classifier_schemas(limits),
                **feature_schemas(),
                **edit_schemas(limits),
                **progress_schemas(),
                **audit_schemas(),
                **steering_schemas(),
                **error_schemas(),
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "googleKey": {"type": "apiKey", "in": "header", "name": "X-Goog-Api-Key"},
                "queryKey": {"type": "apiKey", "in": "query", "name": "key"},
                "admin": {"type": "http", "scheme": "bearer", "description": "The admin token."},
            },
        },
    }


def _paths(limits: ServiceSettings, loaded: Sequence[str]) -> dict[str, Any]:
    items: dict[str, Any] = {}
    for operation in OPERATIONS:
        item = operation.item(examples_for(operation.name, loaded), keys_needed=bool(limits.api_keys))
        items.setdefault(operation.path, {})[operation.method] = item
    return items
