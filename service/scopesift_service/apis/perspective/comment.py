"""The fields that Perspective's requests have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scopesift_service.apis.text_checks import check_text
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import json_type
from scopesift_service.settings import ServiceSettings

ERROR_TYPE = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
TEXT_TYPES = ("PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED")
SCORE_TYPES = ("PROBABILITY", "SCORE_TYPE_UNSPECIFIED")
MOST_ATTRIBUTES = 64
MOST_LANGUAGES = 16
LANGUAGE_TAG_PATTERN = "[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}"
_LANGUAGE_TAG = re.compile(LANGUAGE_TAG_PATTERN + r"\Z", re.ASCII)


@dataclass(frozen=True)
class Comment:
    """The comment of a request.

    Attributes:
        text: The comment.
        languages: As given in the request; may be empty.
        client_token: Returned unchanged.
    """

    text: str
    languages: list[str]
    client_token: str | None


def parse_comment(content: dict[str, Any], limits: ServiceSettings) -> Comment:
    """Read the comment of a request and check the fields that are accepted and not used.

    Args:
        content: The fields that are set, see `given`.
        limits: Length of a text.

    Raises:
        ServiceError: 400.
    """
    comment = given(object_field(content, "comment", required=True))
    if "text" not in comment:
        raise refused("comment.text is missing", "comment.text")
    try:
        text = check_text(comment["text"], "comment.text", limits)
    except ServiceError as error:
        kind = "COMMENT_TOO_LONG" if error.code == "text_too_long" else None
        raise refused(error.message, "comment.text", kind) from None
    if not text:
        raise refused("comment.text is empty; give a text", "comment.text", "COMMENT_EMPTY")
    if comment.get("type", TEXT_TYPES[0]) not in TEXT_TYPES:
        raise refused("comment.type must be PLAIN_TEXT; other types are not supported", "comment.type")
    object_field(content, "context", required=False)
    for name in ("clientToken", "sessionId", "communityId"):
        if not isinstance(content.get(name, ""), str):
            raise refused(f"{name} must be a string, got {json_type(content[name])}", name)
    token = content.get("clientToken")
    return Comment(
        text=text,
        languages=_languages(content.get("languages")),
        client_token=None if token is None else check_text(token, "clientToken", limits),
    )


def named_objects(content: dict[str, Any], field: str) -> dict[str, dict[str, Any]]:
    """A required field that has an object for each attribute, by name; null counts as an empty one.

    Raises:
        ServiceError: 400.
    """
    found = object_field(content, field, required=True)
    if not 0 < len(found) <= MOST_ATTRIBUTES:
        raise refused(f"{field} must name 1 to {MOST_ATTRIBUTES} attributes, got {len(found)}", field)
    for value in found.values():
        if value is not None and not isinstance(value, dict):
            raise refused(f"an attribute's value must be an object, got {json_type(value)}", field)
    return {name: given(value or {}) for name, value in found.items()}


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that are set: in protobuf's JSON, which Google's APIs use, null means unset."""
    return {name: value for name, value in fields.items() if value is not None}


def object_field(content: dict[str, Any], name: str, *, required: bool) -> dict[str, Any]:
    """A field that is an object; an empty one if it is unset and not required.

    Raises:
        ServiceError: 400.
    """
    value = content.get(name)
    if value is None and not required:
        return {}
    if not isinstance(value, dict):
        came = json_type(value) if name in content else "nothing"
        raise refused(f"{name} must be an object, got {came}", name)
    return value


def is_probability(value: Any) -> bool:
    """Whether a JSON value is a number from 0 to 1."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def refused(message: str, param: str, kind: str | None = None) -> ServiceError:
    """A 400, with Perspective's error type if there is one for it."""
    details = [{"@type": ERROR_TYPE, "errorType": kind}] if kind else []
    return ServiceError(400, message, param=param, details=details)


def _languages(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MOST_LANGUAGES:
        raise refused(f"languages must be a list of at most {MOST_LANGUAGES} codes", "languages")
    if not all(isinstance(code, str) and _LANGUAGE_TAG.match(code) for code in value):
        raise refused("languages must hold codes such as en or zh-Hant", "languages")
    return list(value)
