"""Checks of texts, before those of several calls are put in a batch."""

from __future__ import annotations

import re
from typing import Any

from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import json_type
from scopesift_service.settings import ServiceSettings

_SURROGATES = re.compile("[\ud800-\udfff]")


def check_text(value: Any, param: str, limits: ServiceSettings) -> str:
    """Check a text and replace lone surrogates by U+FFFD, which keeps offsets and makes it valid in JSON.

    Raises:
        ServiceError: 400 if it is not a string, 413 if it is too long.
    """
    if not isinstance(value, str):
        raise ServiceError(400, f"{param} must be a string, got {json_type(value)}", param=param)
    if len(value) > limits.max_characters:
        raise ServiceError(
            413,
            f"{param} has {len(value)} characters, the limit is {limits.max_characters}; split it",
            code="text_too_long",
            param=param,
        )
    return without_surrogates(value)


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for lone surrogates."""
    return _SURROGATES.sub("\ufffd", text)


def check_texts(value: Any, param: str, limits: ServiceSettings) -> list[str]:
    """Check a list of texts: not empty, at most `max_texts`.

    Raises:
        ServiceError: 400 or 413, naming the item.
    """
    if not isinstance(value, list):
        raise ServiceError(400, f"{param} must be a list of strings, got {json_type(value)}", param=param)
    check_count(len(value), param, limits)
    return [check_text(item, f"{param}[{index}]", limits) for index, item in enumerate(value)]


def check_count(count: int, param: str, limits: ServiceSettings) -> None:
    """Check the number of texts: at least one, at most `max_texts`.

    Raises:
        ServiceError: 400 or 413.
    """
    if count == 0:
        raise ServiceError(400, f"{param} is empty; give at least one text", param=param)
    if count > limits.max_texts:
        raise ServiceError(
            413,
            f"{param} has {count} texts, the limit of a call is {limits.max_texts}; send several calls",
            code="too_many_texts",
            param=param,
        )
