"""What JSON schemas are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.registry import VERSION_PATTERN

Schema = dict[str, Any]
STRING: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
SCORE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
VERSIONS: Schema = {"type": "object", "additionalProperties": STRING, "description": "Version by classifier."}
VERSION: Schema = {"type": "string", "pattern": f"^{VERSION_PATTERN}$"}
ANY_OBJECT: Schema = {"type": "object"}


def reference(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(properties: dict[str, Schema], *, optional: Sequence[str] = (), closed: bool = False) -> Schema:
    """An object whose properties are required unless named."""
    schema: Schema = {"type": "object", "properties": properties}
    required = [name for name in properties if name not in optional]
    if required:
        schema["required"] = required
    if closed:
        schema["additionalProperties"] = False
    return schema


def list_of(items: Schema) -> Schema:
    """A list of items of one schema."""
    return {"type": "array", "items": items}


def or_null(schema: Schema) -> Schema:
    """The schema, or null for an unset field."""
    return {"anyOf": [schema, {"type": "null"}]}


def text_schema(limits: ServiceSettings) -> Schema:
    """A text of a request."""
    return {"type": "string", "maxLength": limits.max_characters}


def texts_schema(limits: ServiceSettings) -> Schema:
    """The texts of a request."""
    return {"type": "array", "items": text_schema(limits), "minItems": 1, "maxItems": limits.max_texts}
