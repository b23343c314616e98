"""POST /v1/classify: every verdict with its evidence, as `scopesift classify --json` prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scopesift_service.apis.text_checks import check_texts
from scopesift_service.apis.verdict_options import NAMES, VerdictOptions, parse_options
from scopesift_service.engine.judged import Judged, versions_of
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import check_fields
from scopesift_service.settings import ServiceSettings

FIELDS = frozenset({"texts", *NAMES})
FAILED = "the engine could not read this text; the other texts of the call are not affected"


def parse(content: dict[str, Any], limits: ServiceSettings) -> tuple[list[str], VerdictOptions]:
    """The texts of a call and its options.

    Raises:
        ServiceError: 400 or 413.
    """
    if "texts" not in content:
        raise ServiceError(400, 'expected {"texts": ["…"]}, got no texts', param="texts")
    check_fields(content, FIELDS)
    return check_texts(content["texts"], "texts", limits), parse_options(content)


def answer(texts: Sequence[str], judged: list[Judged]) -> dict[str, Any]:
    """One record per text, in order; a text that failed gets an error record."""
    return {
        "results": [_record(text, item) for text, item in zip(texts, judged, strict=True)],
        "scope": judged[0]["scope"],
        "classifiers": versions_of(judged),
    }


def _record(text: str, item: Judged) -> dict[str, Any]:
    if "error" in item:
        error = {"type": "server_error", "code": "text_failed", "message": FAILED}
        return {"text": text, "error": error, "scope": item["scope"], "classifiers": item["classifiers"]}
    return {"text": text, **item["verdicts"], "scope": item["scope"], "classifiers": item["classifiers"]}
