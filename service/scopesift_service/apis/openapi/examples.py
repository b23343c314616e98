"""Examples of the OpenAPI document: requests and the default scope's answers.

`python -m bench api-examples` records the answers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from scopesift_service.apis.openapi.operation import Example

RECORDED = Path(__file__).with_name("examples.json")
NAMED = ("toxicity", "language")
"""Classifiers that requests name; where one isn't loaded there are no examples."""


def examples_for(name: str, loaded: Sequence[str]) -> list[Example]:
    """The examples of an operation.

    Args:
        name: Its id.
        loaded: Names of the loaded classifiers.
    """
    if not set(NAMED) <= set(loaded):
        return []
    return [
        Example(one["summary"], one.get("request"), one["answer"], one["status"])
        for one in recorded().get(name, [])
    ]


@cache
def recorded() -> dict[str, list[dict[str, Any]]]:
    """Examples by operation: `summary`, `path`, `request` if there is a body, `status` and `answer`."""
    found: dict[str, list[dict[str, Any]]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found
