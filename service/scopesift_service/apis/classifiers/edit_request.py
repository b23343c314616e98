"""Parsing of the bodies of rename and mute."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scopesift_service.apis.classifiers.example_rows import check_number, labelled_texts, parse_outcome
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import check_fields, json_type
from scopesift_service.settings import ServiceSettings

FEATURE_PATTERN = "[0-9]{1,3}:[0-9]{1,7}"
FEATURE = re.compile(FEATURE_PATTERN + r"\Z", re.ASCII)
LONGEST_NAME = 80  # as `scopesift_classifiers.editing.naming`, which the HTTP process doesn't import
OUTCOME = frozenset({"dry_run", "activate"})
RENAME_FIELDS = OUTCOME | {"feature", "given_name"}
MUTE_FIELDS = OUTCOME | {"feature", "examples"}


@dataclass(frozen=True)
class Edit:
    """A change of one feature.

    Attributes:
        layer, index: The feature.
        given_name: Its name from now on; "": none. Of a muting None.
        texts: Of a muting, texts to compare the versions on; may be none.
        labels: Their labels.
        dry_run: Whether to store nothing.
        activate: Whether the new version is used from now on; if not, it is stored as a draft.
    """

    layer: int
    index: int
    given_name: str | None
    texts: list[str]
    labels: list[str]
    dry_run: bool
    activate: bool


def parse_rename(content: dict[str, Any]) -> Edit:
    """Read the body of a naming; null counts as left out.

    Raises:
        ServiceError: 400.
    """
    check_fields(content, RENAME_FIELDS)
    layer, index = _feature(content)
    name = content.get("given_name")
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise ServiceError(
            400,
            f"given_name must be a string of at most {LONGEST_NAME} characters; an empty one takes the name away",
            param="given_name",
        )
    return Edit(layer, index, name, [], [], *parse_outcome(content))


def parse_mute(content: dict[str, Any], limits: ServiceSettings) -> Edit:
    """Read the body of a muting; null counts as left out.

    Raises:
        ServiceError: 400 or 413.
    """
    check_fields(content, MUTE_FIELDS)
    layer, index = _feature(content)
    rows = content.get("examples")
    if rows is None:
        rows = []
    elif not isinstance(rows, list) or not rows:
        raise ServiceError(
            400,
            'examples must be a list of {"text": "…", "label": "…"}, not empty; or leave it out',
            param="examples",
        )
    check_number(rows, "examples", limits)
    texts, labels = labelled_texts(rows, limits)
    return Edit(layer, index, None, texts, labels, *parse_outcome(content))


def _feature(content: dict[str, Any]) -> tuple[int, int]:
    feature = content.get("feature")
    if not isinstance(feature, str) or not FEATURE.match(feature):
        got = repr(feature) if isinstance(feature, str) and len(feature) < 32 else json_type(feature)
        raise ServiceError(400, f'feature must be LAYER:INDEX such as "4:5023", got {got}', param="feature")
    layer, _, index = feature.partition(":")
    return int(layer), int(index)
