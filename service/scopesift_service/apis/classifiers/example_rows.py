"""What requests that make a version have in common: labelled examples, and what becomes of the version."""

from __future__ import annotations

from typing import Any

from scopesift_service.apis.text_checks import check_text
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import json_type
from scopesift_service.settings import ServiceSettings

LONGEST_LABEL = 64


def parse_outcome(content: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the version is made for measuring only (`dry_run`), and whether it is used from now on (`activate`).

    Raises:
        ServiceError: 400.
    """
    dry_run, activate = _flag(content, "dry_run", default=False), _flag(content, "activate", default=True)
    if dry_run and content.get("activate") is not None:
        raise ServiceError(
            400, "a dry_run stores nothing that could be activated; leave out one of them", param="activate"
        )
    return dry_run, activate


def check_number(rows: list[Any], name: str, limits: ServiceSettings) -> None:
    """Check that there are not too many rows.

    Raises:
        ServiceError: 413.
    """
    if len(rows) > limits.max_examples:
        raise ServiceError(
            413,
            f"{name} has {len(rows)} rows, the limit of a call is {limits.max_examples}; send fewer",
            code="too_many_examples",
            param=name,
        )


def labelled_texts(rows: list[Any], limits: ServiceSettings) -> tuple[list[str], list[str]]:
    """Texts and labels of `examples`.

    Raises:
        ServiceError: 400 or 413.
    """
    texts, labels = [], []
    for index, example in enumerate(rows):
        param = f"examples[{index}]"
        if not isinstance(example, dict):
            raise ServiceError(400, f"{param} must be an object, got {json_type(example)}", param=param)
        texts.append(check_text(example.get("text"), f"{param}.text", limits))
        labels.append(_label(example.get("label"), f"{param}.label"))
    return texts, labels


def _flag(content: dict[str, Any], name: str, *, default: bool) -> bool:
    value = content.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise ServiceError(400, f"{name} must be true or false, got {json_type(value)}", param=name)
    return value


def _label(value: Any, param: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_LABEL:
        raise ServiceError(400, f"{param} must be a string of 1 to {LONGEST_LABEL} characters", param=param)
    return value
