"""POST /v1/moderations: OpenAI's moderation shape.

Source of the shape: OpenAI's API reference, and its official Python client's types.
"""

from __future__ import annotations

from typing import Any

from scopesift_service.apis.text_checks import check_count, check_text
from scopesift_service.engine.judged import Judged, is_binary, versions_of
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import json_type
from scopesift_service.label_table import LabelSource, LabelTable
from scopesift_service.published_names import OPENAI_CATEGORIES
from scopesift_service.settings import ServiceSettings


def parse(content: dict[str, Any], limits: ServiceSettings) -> list[str]:
    """The texts of a call, one per result.

    Raises:
        ServiceError: 400 or 413.
    """
    if "input" not in content:
        raise ServiceError(
            400, "expected input: a string, a list of strings, or a list of parts", param="input"
        )
    model = content.get("model")
    if model is not None and not isinstance(model, str):
        raise ServiceError(400, f"model must be a string, got {json_type(model)}", param="model")
    given = content["input"]
    if isinstance(given, str):
        return [check_text(given, "input", limits)]
    if not isinstance(given, list):
        raise ServiceError(400, f"input must be a string or a list, got {json_type(given)}", param="input")
    check_count(len(given), "input", limits)
    if isinstance(given[0], dict):
        parts = [_part(part, f"input[{index}]") for index, part in enumerate(given)]
        return [check_text("\n".join(parts), "input", limits)]
    return [check_text(item, f"input[{index}]", limits) for index, item in enumerate(given)]


def _part(part: Any, param: str) -> str:
    if not isinstance(part, dict):
        raise ServiceError(400, f"{param} must be a part like the first, got {json_type(part)}", param=param)
    if part.get("type") == "image_url":
        raise ServiceError(
            400,
            f"{param} is an image; only text is supported, leave it out",
            code="image_not_supported",
            param=param,
        )
    if part.get("type") != "text" or not isinstance(part.get("text"), str):
        raise ServiceError(400, f'{param} must be {{"type": "text", "text": "…"}}', param=param)
    text: str = part["text"]
    return text


def answer(judged: list[Judged], request_id: str, table: LabelTable) -> dict[str, Any]:
    """The moderation of every text.

    Args:
        judged: The texts' answers.
        request_id: Becomes part of the id.
        table: Which of OpenAI's categories our classifiers assess.

    Raises:
        ServiceError: 500 if a text failed, since the format has no error per text.
    """
    for index, item in enumerate(judged):
        if "error" in item:
            raise ServiceError(
                500, f"the engine could not read input[{index}]; send it alone or leave it out", code="text_failed",
                param=f"input[{index}]",
            )  # fmt: skip
    return {
        "id": f"modr-{request_id}",
        "model": f"scopesift-{judged[0]['scope']}",
        "results": [_result(item, table) for item in judged],
        "scope": judged[0]["scope"],
        "classifiers": versions_of(judged),
    }


def _result(item: Judged, table: LabelTable) -> dict[str, Any]:
    """All of OpenAI's categories (those not assessed: false, 0, no input type), and our own."""
    categories = dict.fromkeys(OPENAI_CATEGORIES, False)
    scores = dict.fromkeys(OPENAI_CATEGORIES, 0.0)
    applied: dict[str, list[str]] = {name: [] for name in OPENAI_CATEGORIES}
    own = {name: LabelSource(name) for name, verdict in item["verdicts"].items() if is_binary(verdict)}
    for name, source in {**own, **table.sources}.items():
        categories[name] = source.given(item)
        scores[name] = source.score(item)
        applied[name] = ["text"]
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": applied,
        "labels": {
            name: {"label": verdict["label"], "score": verdict["score"]}
            for name, verdict in item["verdicts"].items()
            if not is_binary(verdict)
        },
    }
