"""The OpenAPI document: every route with all its responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scopesift_service.apis.loaded import LoadedClassifier
from scopesift_service.apis.openapi.classifiers import classifier_schemas, error_schemas
from scopesift_service.apis.openapi.moderation import (
    classify_schemas,
    guardrail_schemas,
    openai_schemas,
    perspective_schemas,
    text_classification_schemas,
)
from scopesift_service.apis.openapi.parts import reference
from scopesift_service.http import paths
from scopesift_service.settings import ServiceSettings

REASONS = {
    200: "The answer.", 201: "Created.", 400: "The request doesn't match the schema.",
    401: "Key or token missing or wrong.",
    403: "Not allowed here.", 404: "Not found.", 408: "The body arrived too slowly.",
    409: "Another change is in progress.",
    413: "Over a limit.", 415: "Not plain JSON.", 422: "Well formed, but it can't be processed.",
    429: "Too many requests in flight.",
    500: "Internal error.", 503: "Not ready, or timed out.",
}  # fmt: skip
BODY = (400, 408, 413, 415, 429, 500, 503)
LOOK = (429, 500, 503)
KEYS: list[dict[str, list[str]]] = [{"bearer": []}, {"apiKey": []}, {"googleKey": []}, {"queryKey": []}]


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
        "info": {
            "title": "scopesift",
            "version": "1",
            "description": "Moderation with evidence, in OpenAI's, Perspective's and scopesift's own format.",
        },
        "servers": [{"url": root_url}],
        "paths": _paths(limits),
        "components": {
            "schemas": {
                **classify_schemas(limits, loaded),
                **openai_schemas(limits),
                **perspective_schemas(limits, loaded),
                **text_classification_schemas(limits),
                **guardrail_schemas(limits, loaded),
                **classifier_schemas(limits),
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


def _paths(limits: ServiceSettings) -> dict[str, Any]:
    keys = {"security": KEYS} if limits.api_keys else {}
    denied = (401,) if limits.api_keys else ()
    admin: dict[str, Any] = {"security": [{"admin": []}]}
    named = {"parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}]}
    return {
        paths.CLASSIFY: {
            "post": keys
            | _operation("classify", "Every verdict with its evidence", "ClassifyAnswer", (*BODY, *denied))
            | _body("ClassifyRequest")
        },
        paths.MODERATIONS: {
            "post": keys
            | _operation("moderate", "OpenAI's moderation", "ModerationAnswer", (*BODY, *denied))
            | _body("ModerationRequest")
        },
        paths.ANALYZE: {
            "post": keys
            | _operation(
                "analyze", "Perspective's analysis", "AnalyzeCommentAnswer", (*BODY, *denied), error="PerspectiveError"
            )
            | _body("AnalyzeCommentRequest")
        },
        **{
            path: {
                "post": keys
                | _operation(name, "All labels of the first binary classifier", "PredictAnswer", (*BODY, *denied),
                    error="PredictError")
                | _body("PredictRequest")
            }
            for path, name in ((paths.PREDICT, "predict"), (paths.LABELS, "labels"))
        },
        **{
            path: named
            | {
                "post": keys
                | _operation(name, "All labels of a classifier", "PredictAnswer", (404, *BODY, *denied),
                    error="PredictError")
                | _body("PredictRequest")
            }
            for path, name in ((paths.CLASSIFIER_PREDICT, "predictOf"), (paths.CLASSIFIER_LABELS, "labelsOf"))
        },
        paths.GUARDRAIL: {
            "post": keys
            | _operation("guard", "LiteLLM's generic guardrail", "GuardrailAnswer", (*BODY, *denied))
            | _body("GuardrailRequest")
        },
        paths.CLASSIFIERS: {
            "get": keys | _operation("listClassifiers", "What is loaded", "ClassifierList", (*LOOK, *denied))
        },
        paths.CLASSIFIER: named
        | {
            "get": keys
            | _operation("showClassifier", "One classifier", "ClassifierDetail", (404, *LOOK, *denied))
        },
        paths.TRANSFER: named
        | {
            "post": admin
            | _operation(
                "transfer", "A new version from a few examples", "TransferAnswer", (401, 403, 404, 409, 422, *BODY),
                answers=(200, 201),
            )
            | _body("TransferRequest")
        },
        paths.ACTIVATE: named
        | {
            "post": admin
            | _operation(
                "activate", "Another stored version", "ActivateAnswer", (401, 403, 404, 409, 422, *BODY)
            )
            | _body("ActivateRequest")
        },
        paths.LIVEZ: {"get": _plain("alive", "text/plain", ())},
        paths.READYZ: {"get": _plain("ready", "text/plain", (503,))},
        paths.METRICS: {"get": _plain("metrics", "text/plain", (500,))},
        paths.PLAYGROUND: {"get": _plain("playground", "text/html", (500,))},
        paths.OPENAPI: {"get": _plain("openapi", "application/json", (500, 503))},
    }  # fmt: skip


def _operation(
    name: str,
    summary: str,
    answer: str,
    failures: Sequence[int],
    *,
    answers: Sequence[int] = (200,),
    error: str = "Error",
) -> dict[str, Any]:
    responses = {str(status): _response(status, answer) for status in answers}
    responses.update({str(failure): _response(failure, error) for failure in sorted(failures)})
    return {"operationId": name, "summary": summary, "responses": responses}


def _response(status: int, schema: str) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": {"schema": {"type": "string"}}}
    if status in (408, 409, 429, 503):
        headers["Retry-After"] = {"schema": {"type": "integer"}}
    content = {"application/json": {"schema": reference(schema)}}
    return {"description": REASONS[status], "headers": headers, "content": content}


def _plain(name: str, content_type: str, failures: Sequence[int]) -> dict[str, Any]:
    schema = {"type": "object"} if content_type == "application/json" else {"type": "string"}
    responses: dict[str, Any] = {
        "200": {"description": REASONS[200], "content": {content_type: {"schema": schema}}}
    }
    responses.update({str(failure): _response(failure, "Error") for failure in failures})
    return {"operationId": name, "responses": responses}


def _body(schema: str) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference(schema)}}}}
