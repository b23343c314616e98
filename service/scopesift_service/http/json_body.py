"""Strict JSON parsing of a request's body."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from scopesift_service.http.errors import ServiceError


def parse_json(body: bytes) -> Any:
    """Parse strict JSON: UTF-8, no NaN or Infinity, bounded nesting.

    Raises:
        ServiceError: 400; the message quotes nothing of the body.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ServiceError(
            400, f"the body is not UTF-8 (byte {error.start}); send UTF-8 JSON", code="invalid_json"
        ) from None
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ServiceError(
            400, f"the body is not JSON: {error.msg} at character {error.pos}", code="invalid_json"
        ) from None
    except (RecursionError, ValueError):
        raise ServiceError(
            400,
            "the body is JSON that is not accepted: nested too deep, or a number out of range",
            code="invalid_json",
        ) from None


def parse_object(body: bytes) -> dict[str, Any]:
    """Parse strict JSON that must be an object.

    Raises:
        ServiceError: 400.
    """
    content = parse_json(body)
    if not isinstance(content, dict):
        raise ServiceError(400, f"expected a JSON object, got {json_type(content)}")
    return content


def check_fields(content: Mapping[str, Any], fields: Collection[str], prefix: str = "") -> None:
    """Refuse a field that the request does not have, which may be another one misspelt.

    Args:
        content: The request.
        fields: All fields that it may have.
        prefix: Of their names in errors.

    Raises:
        ServiceError: 400 that lists them.
    """
    unknown = sorted(set(content) - set(fields))
    if unknown:
        name = prefix + unknown[0][:64]
        raise ServiceError(
            400,
            f"unknown field {name!r}; this request takes {', '.join(sorted(fields))}",
            code="unknown_field",
            param=name,
        )


def json_type(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    names: dict[type, str] = {
        bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object",
    }  # fmt: skip
    return names.get(type(value), "something else")


def _refuse_constant(_name: str) -> None:
    raise ValueError
