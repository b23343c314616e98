"""POST /beta/litellm_basic_guardrail_api: LiteLLM's generic guardrail, which blocks a call or lets it through.

Source of the shape: LiteLLM's documentation of its generic guardrail API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scopesift_service.apis.loaded import LoadedClassifier, check_names
from scopesift_service.apis.text_checks import check_texts
from scopesift_service.apis.verdict_options import CLASSIFIERS, THRESHOLDS, VerdictOptions, parse_options
from scopesift_service.engine.judged import Judged, is_binary, versions_of
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import json_type
from scopesift_service.settings import ServiceSettings

PARAMS = "additional_provider_specific_params"
FIELDS = frozenset({CLASSIFIERS, THRESHOLDS})


def parse(content: dict[str, Any], limits: ServiceSettings) -> tuple[list[str], VerdictOptions]:
    """The texts of a call, which may be none, and the guardrail's options in LiteLLM's configuration.

    Raises:
        ServiceError: 400 or 413.
    """
    texts, params = content.get("texts"), content.get(PARAMS)
    if params is not None and not isinstance(params, dict):
        raise ServiceError(400, f"{PARAMS} must be an object, got {json_type(params)}", param=PARAMS)
    unknown = sorted(set(params or {}) - FIELDS)
    if unknown:
        raise ServiceError(
            400,
            f"{PARAMS} may have {' and '.join(sorted(FIELDS))}; remove the others from the guardrail's configuration",
            code="unknown_field",
            param=f"{PARAMS}.{unknown[0][:64]}",
        )
    options = parse_options(params or {}, f"{PARAMS}.")
    return ([] if texts in (None, []) else check_texts(texts, "texts", limits)), options


def check(options: VerdictOptions, loaded: Mapping[str, LoadedClassifier]) -> None:
    """Check that what is to block can block: only loaded binary classifiers, and at least one.

    Raises:
        ServiceError: 400.
    """
    options.check(loaded, f"{PARAMS}.")
    binary = [name for name, classifier in loaded.items() if classifier.binary]
    if not binary:
        raise ServiceError(400, "no binary classifier is loaded, so nothing can be blocked; load one")
    check_names(sorted(options.classifiers or ()), binary, f"{PARAMS}.{CLASSIFIERS}", "binary classifier")


def answer(judged: list[Judged]) -> dict[str, Any]:
    """Block if any binary classifier flags any text.

    Args:
        judged: The texts' answers with the options applied; empty if the call has no text.

    Raises:
        ServiceError: 500 if a text failed: what could not be read is not let through.
    """
    if not judged:
        return {"action": "NONE"}
    blocked = []
    for index, item in enumerate(judged):
        if "error" in item:
            raise ServiceError(
                500, f"the engine could not read texts[{index}]", code="text_failed", param=f"texts[{index}]"
            )
        blocked += [
            {"text": index, "classifier": name, "score": verdict["score"], "cut": verdict["cut"]}
            for name, verdict in item["verdicts"].items()
            if is_binary(verdict) and verdict["flagged"]
        ]
    out: dict[str, Any] = {"action": "BLOCKED" if blocked else "NONE"}
    if blocked:
        out["blocked_reason"] = "; ".join(
            f"{one['classifier']} {one['score']} reaches the cut {one['cut']} in texts[{one['text']}]"
            for one in blocked
        )
    return {
        **out,
        "blocked": blocked,
        "scope": judged[0]["scope"],
        "classifiers": versions_of(judged),
    }
