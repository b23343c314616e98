"""The discovery document with which Google's client library finds this server's methods."""

from __future__ import annotations

from typing import Any

from scopesift_service.http import paths

TEXT = {"type": "string"}
NUMBER = {"type": "number", "format": "float"}
INTEGER = {"type": "integer", "format": "int32"}
FLAG = {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}


def discovery_document(root_url: str) -> dict[str, Any]:
    """The document for a server at a root URL without trailing slash.

    Source of the format: Google's API discovery service, rest description v1.
    """
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"commentanalyzer:{paths.PERSPECTIVE_VERSION}",
        "name": "commentanalyzer",
        "version": paths.PERSPECTIVE_VERSION,
        "revision": "1",
        "title": "Perspective-compatible API of scopesift",
        "description": "Scores comments with scopesift's classifiers, in Perspective's shape.",
        "protocol": "rest",
        "rootUrl": f"{root_url}/",
        "baseUrl": f"{root_url}/",
        "basePath": "",
        "servicePath": "",
        "batchPath": "batch",
        "fullyEncodeReservedExpansion": True,
        "parameters": {
            "key": {"type": "string", "location": "query", "description": "API key."},
            "alt": {"type": "string", "location": "query", "default": "json", "enum": ["json"]},
        },
        "resources": {
            "comments": {
                "methods": {
                    "analyze": _method("analyze", paths.ANALYZE, "AnalyzeComment"),
                    "suggestscore": _method("suggestscore", paths.SUGGEST_SCORE, "SuggestCommentScore"),
                }
            }
        },
        "schemas": _schemas(),
    }


def _method(name: str, path: str, schema: str) -> dict[str, Any]:
    return {
        "id": f"commentanalyzer.comments.{name}",
        "path": path[1:],
        "flatPath": path[1:],
        "httpMethod": "POST",
        "parameters": {},
        "parameterOrder": [],
        "request": {"$ref": f"{schema}Request"},
        "response": {"$ref": f"{schema}Response"},
    }


def _schemas() -> dict[str, Any]:
    def schema(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {"id": name, "type": "object", "properties": properties}

    def map_of(name: str) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": {"$ref": name}}

    schemas = [
        schema("TextEntry", {"text": TEXT, "type": TEXT}),
        schema("AttributeParameters", {"scoreType": TEXT, "scoreThreshold": NUMBER}),
        schema("Context", {"entries": {"type": "array", "items": {"$ref": "TextEntry"}}}),
        schema("Score", {"value": NUMBER, "type": TEXT}),
        schema("SpanScore", {"begin": INTEGER, "end": INTEGER, "score": {"$ref": "Score"}}),
        schema(
            "AttributeScores",
            {
                "summaryScore": {"$ref": "Score"},
                "spanScores": {"type": "array", "items": {"$ref": "SpanScore"}},
            },
        ),
        schema(
            "AnalyzeCommentRequest",
            {
                "comment": {"$ref": "TextEntry"},
                "context": {"$ref": "Context"},
                "requestedAttributes": map_of("AttributeParameters"),
                "languages": TEXTS,
                "spanAnnotations": FLAG,
                "doNotStore": FLAG,
                "dropUnsupportedAttributes": FLAG,
                "clientToken": TEXT,
                "sessionId": TEXT,
                "communityId": TEXT,
            },
        ),
        schema(
            "AnalyzeCommentResponse",
            {
                "attributeScores": map_of("AttributeScores"),
                "languages": TEXTS,
                "detectedLanguages": TEXTS,
                "clientToken": TEXT,
                "scope": TEXT,
                "classifiers": {"type": "object", "additionalProperties": TEXT},
            },
        ),
        schema(
            "SuggestCommentScoreRequest",
            {
                "comment": {"$ref": "TextEntry"},
                "context": {"$ref": "Context"},
                "attributeScores": map_of("AttributeScores"),
                "languages": TEXTS,
                "clientToken": TEXT,
                "sessionId": TEXT,
                "communityId": TEXT,
            },
        ),
        schema(
            "SuggestCommentScoreResponse",
            {"detectedLanguages": TEXTS, "requestedLanguages": TEXTS, "clientToken": TEXT},
        ),
    ]
    return {item["id"]: item for item in schemas}
