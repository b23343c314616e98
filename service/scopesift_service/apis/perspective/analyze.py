"""POST /v1alpha1/comments:analyze: Perspective's format.

Source of the format: the reference of Google's Comment Analyzer API, v1alpha1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scopesift_service.apis.text_checks import check_text
from scopesift_service.engine.judged import LANGUAGE, UNKNOWN_LANGUAGE, Judged, is_binary
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
    """One request.

    Attributes:
        text: The comment.
        thresholds: Attribute -> lowest score that is returned.
        languages: As given in the request; may be empty.
        spans: Whether spans are requested.
        client_token: Returned unchanged.
    """

    text: str
    thresholds: dict[str, float]
    languages: list[str]
    spans: bool
    client_token: str | None


def parse(content: dict[str, Any], limits: ServiceSettings) -> Comment:
    """Read a call.

    Raises:
        ServiceError: 400.
    """
    content = _given(content)
    comment = _given(_object(content, "comment", required=True))
    if "text" not in comment:
        raise _refused("comment.text is missing", "comment.text")
    try:
        text = check_text(comment["text"], "comment.text", limits)
    except ServiceError as error:
        kind = "COMMENT_TOO_LONG" if error.code == "text_too_long" else None
        raise _refused(error.message, "comment.text", kind) from None
    if not text:
        raise _refused("comment.text is empty; give a text", "comment.text", "COMMENT_EMPTY")
    kind = comment.get("type", TEXT_TYPES[0])
    if kind not in TEXT_TYPES:
        raise _refused("comment.type must be PLAIN_TEXT; other types are not supported", "comment.type")
    _object(content, "context", required=False)
    for name in ("doNotStore", "spanAnnotations"):
        if not isinstance(content.get(name, False), bool):
            raise _refused(f"{name} must be true or false, got {json_type(content[name])}", name)
    for name in ("clientToken", "sessionId", "communityId"):
        if not isinstance(content.get(name, ""), str):
            raise _refused(f"{name} must be a string, got {json_type(content[name])}", name)
    token = content.get("clientToken")
    return Comment(
        text=text,
        thresholds=_thresholds(content),
        languages=_languages(content.get("languages")),
        spans=bool(content.get("spanAnnotations")),
        client_token=None if token is None else check_text(token, "clientToken", limits),
    )


def answer(comment: Comment, item: Judged) -> dict[str, Any]:
    """Scores of the attributes asked for.

    Raises:
        ServiceError: 400 for an attribute that no loaded classifier assesses, 500 if the text failed.
    """
    if "error" in item:
        raise ServiceError(
            500, "the engine could not read this comment", code="text_failed", param="comment.text"
        )
    attributes = {name.upper(): verdict for name, verdict in item["verdicts"].items() if is_binary(verdict)}
    unknown = [name for name in comment.thresholds if name not in attributes]
    if unknown:
        raise _refused(
            f"Unknown requested attribute: {unknown[0][:64]}; this service has {', '.join(attributes) or 'none'}",
            "requestedAttributes",
        )
    language = item["verdicts"].get(LANGUAGE, {}).get("label", UNKNOWN_LANGUAGE)
    detected = [] if language == UNKNOWN_LANGUAGE else [language]
    out: dict[str, Any] = {
        "attributeScores": {
            name: _scores(comment, attributes[name])
            for name, threshold in comment.thresholds.items()
            if attributes[name]["score"] >= threshold
        },
        "languages": comment.languages or detected,
        "detectedLanguages": detected,
        "scope": item["scope"],
        "classifiers": item["classifiers"],
    }
    if comment.client_token is not None:
        out["clientToken"] = comment.client_token
    return out


def _scores(comment: Comment, verdict: dict[str, Any]) -> dict[str, Any]:
    score = {"value": verdict["score"], "type": "PROBABILITY"}
    places = sorted({(item["start"], item["end"]) for item in verdict["evidence"]}) if comment.spans else []
    spans = places or [(0, len(comment.text))]
    return {
        "spanScores": [{"begin": begin, "end": end, "score": dict(score)} for begin, end in spans],
        "summaryScore": score,
    }


def _thresholds(content: dict[str, Any]) -> dict[str, float]:
    requested = _object(content, "requestedAttributes", required=True)
    if not 0 < len(requested) <= MOST_ATTRIBUTES:
        raise _refused(
            f"requestedAttributes must name 1 to {MOST_ATTRIBUTES} attributes, got {len(requested)}",
            "requestedAttributes",
        )
    thresholds = {}
    for name, value in requested.items():
        if value is not None and not isinstance(value, dict):
            raise _refused(
                f"an attribute's value must be an object, got {json_type(value)}", "requestedAttributes"
            )
        wish = _given(value or {})
        if wish.get("scoreType", SCORE_TYPES[0]) not in SCORE_TYPES:
            raise _refused("scoreType must be PROBABILITY", "requestedAttributes")
        threshold = wish.get("scoreThreshold", 0)
        if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
            raise _refused("scoreThreshold must be a number from 0 to 1", "requestedAttributes")
        thresholds[name] = float(threshold)
    return thresholds


def _languages(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MOST_LANGUAGES:
        raise _refused(f"languages must be a list of at most {MOST_LANGUAGES} codes", "languages")
    if not all(isinstance(code, str) and _LANGUAGE_TAG.match(code) for code in value):
        raise _refused("languages must hold codes such as en or zh-Hant", "languages")
    return list(value)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that are set: in protobuf's JSON, which Google's APIs use, null means unset."""
    return {name: value for name, value in fields.items() if value is not None}


def _object(content: dict[str, Any], name: str, *, required: bool) -> dict[str, Any]:
    value = content.get(name)
    if value is None and not required:
        return {}
    if not isinstance(value, dict):
        came = json_type(value) if name in content else "nothing"
        raise _refused(f"{name} must be an object, got {came}", name)
    return value


def _refused(message: str, param: str, kind: str | None = None) -> ServiceError:
    details = [{"@type": ERROR_TYPE, "errorType": kind}] if kind else []
    return ServiceError(400, message, param=param, details=details)
