"""Parsing of the bodies of transfer and activate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scopesift_service.apis.text_checks import check_text
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import json_type
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.registry import VERSION

LANG_PATTERN = "[a-z]{2,3}"
LANG = re.compile(LANG_PATTERN + r"\Z", re.ASCII)
LONGEST_LABEL = 64


@dataclass(frozen=True)
class Examples:
    """Labelled texts of one language.

    Attributes:
        lang: The language's code.
        texts: N texts.
        labels: N labels.
        dry_run: Whether to measure the new version only, without storing or activating it.
    """

    lang: str
    texts: list[str]
    labels: list[str]
    dry_run: bool


def parse_examples(content: dict[str, Any], limits: ServiceSettings) -> Examples:
    """Read the body of a transfer.

    Raises:
        ServiceError: 400 or 413.
    """
    lang = content.get("lang")
    if not isinstance(lang, str) or not LANG.match(lang):
        raise ServiceError(400, "lang must be a language's code such as de", param="lang")
    examples = content.get("examples")
    if not isinstance(examples, list) or not examples:
        raise ServiceError(
            400, 'examples must be a list of {"text": "…", "label": "…"}, not empty', param="examples"
        )
    if len(examples) > limits.max_examples:
        raise ServiceError(
            413,
            f"examples has {len(examples)} rows, the limit of a call is {limits.max_examples}; send fewer",
            code="too_many_examples",
            param="examples",
        )
    dry_run = content.get("dry_run")
    if dry_run is not None and not isinstance(dry_run, bool):
        raise ServiceError(400, f"dry_run must be true or false, got {json_type(dry_run)}", param="dry_run")
    texts, labels = [], []
    for index, example in enumerate(examples):
        param = f"examples[{index}]"
        if not isinstance(example, dict):
            raise ServiceError(400, f"{param} must be an object, got {json_type(example)}", param=param)
        texts.append(check_text(example.get("text"), f"{param}.text", limits))
        labels.append(_label(example.get("label"), f"{param}.label"))
    return Examples(lang, texts, labels, bool(dry_run))


def parse_version(content: dict[str, Any]) -> str:
    """Read the body of an activation.

    Raises:
        ServiceError: 400.
    """
    version = content.get("version")
    if not isinstance(version, str) or not VERSION.match(version):
        raise ServiceError(400, "version must be 12 hexadecimal digits", param="version")
    return version


def _label(value: Any, param: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_LABEL:
        raise ServiceError(400, f"{param} must be a string of 1 to {LONGEST_LABEL} characters", param=param)
    return value
