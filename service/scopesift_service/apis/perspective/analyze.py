"""POST /v1alpha1/comments:analyze: scores of a comment for the attributes of a request.

Source of the format: the reference of Google's Comment Analyzer API, v1alpha1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scopesift_service.apis.perspective.comment import (
    SCORE_TYPES,
    Comment,
    given,
    is_probability,
    named_objects,
    parse_comment,
    refused,
)
from scopesift_service.engine.judged import Judged, detected_languages
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import json_type
from scopesift_service.label_table import LabelSource
from scopesift_service.settings import MISSING_SETTING, OMIT, ServiceSettings

REQUESTED = "requestedAttributes"
DROP = "dropUnsupportedAttributes"
REMEDY = f"set {MISSING_SETTING}={OMIT}, or send {DROP},"


@dataclass(frozen=True)
class Analysis:
    """One request.

    Attributes:
        comment: The comment.
        thresholds: Attribute -> lowest score that is returned.
        spans: Whether spans are requested.
        omit: Whether attributes that only Perspective has are left out of the answer.
    """

    comment: Comment
    thresholds: dict[str, float]
    spans: bool
    omit: bool


def parse(content: dict[str, Any], limits: ServiceSettings) -> Analysis:
    """Read a call.

    Raises:
        ServiceError: 400.
    """
    content = given(content)
    comment = parse_comment(content, limits)
    for name in ("doNotStore", "spanAnnotations", DROP):
        if not isinstance(content.get(name, False), bool):
            raise refused(f"{name} must be true or false, got {json_type(content[name])}", name)
    return Analysis(
        comment=comment,
        thresholds=_thresholds(content),
        spans=bool(content.get("spanAnnotations")),
        omit=bool(content.get(DROP)) or limits.perspective_missing == OMIT,
    )


def answer(analysis: Analysis, sources: Mapping[str, LabelSource], item: Judged) -> dict[str, Any]:
    """Scores of the attributes asked for.

    Args:
        analysis: The request.
        sources: What its attributes stand for; one that is not there is left out.
        item: The engine's answer for the comment.

    Raises:
        ServiceError: 500 if the text failed.
    """
    if "error" in item:
        raise ServiceError(
            500, "the engine could not read this comment", code="text_failed", param="comment.text"
        )
    detected = detected_languages(item)
    out: dict[str, Any] = {
        "attributeScores": {
            name: _scores(analysis, source, item)
            for name, source in sources.items()
            if source.score(item) >= analysis.thresholds[name]
        },
        "languages": analysis.comment.languages or detected,
        "detectedLanguages": detected,
        "scope": item["scope"],
        "classifiers": item["classifiers"],
    }
    if analysis.comment.client_token is not None:
        out["clientToken"] = analysis.comment.client_token
    return out


def _scores(analysis: Analysis, source: LabelSource, item: Judged) -> dict[str, Any]:
    score = {"value": source.score(item), "type": "PROBABILITY"}
    evidence = source.evidence(item) if analysis.spans else []
    places = sorted({(place["start"], place["end"]) for place in evidence})
    spans = places or [(0, len(analysis.comment.text))]
    return {
        "spanScores": [{"begin": begin, "end": end, "score": dict(score)} for begin, end in spans],
        "summaryScore": score,
    }


def _thresholds(content: dict[str, Any]) -> dict[str, float]:
    thresholds = {}
    for name, wish in named_objects(content, REQUESTED).items():
        if wish.get("scoreType", SCORE_TYPES[0]) not in SCORE_TYPES:
            raise refused("scoreType must be PROBABILITY", REQUESTED)
        threshold = wish.get("scoreThreshold", 0)
        if not is_probability(threshold):
            raise refused("scoreThreshold must be a number from 0 to 1", REQUESTED)
        thresholds[name] = float(threshold)
    return thresholds
