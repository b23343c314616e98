"""POST /v1alpha1/comments:suggestscore: a moderator's decision about a comment.

Source of the format: the reference of Google's Comment Analyzer API, v1alpha1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scopesift_service.apis.loaded import LoadedClassifier
from scopesift_service.apis.perspective.comment import (
    SCORE_TYPES,
    Comment,
    given,
    is_probability,
    named_objects,
    object_field,
    parse_comment,
    refused,
)
from scopesift_service.label_table import LabelSource
from scopesift_service.settings import MISSING_SETTING, OMIT, ServiceSettings

SCORES = "attributeScores"
SUMMARY = "summaryScore"
REMEDY = f"set {MISSING_SETTING}={OMIT}"
POSITIVE_FROM = 0.5


@dataclass(frozen=True)
class SuggestedScores:
    """One request.

    Attributes:
        comment: The comment.
        values: Attribute -> suggested score, 0 to 1.
    """

    comment: Comment
    values: dict[str, float]


def parse(content: dict[str, Any], limits: ServiceSettings) -> SuggestedScores:
    """Read a call.

    Raises:
        ServiceError: 400.
    """
    content = given(content)
    comment = parse_comment(content, limits)
    return SuggestedScores(
        comment,
        {name: _value(name, scores) for name, scores in named_objects(content, SCORES).items()},
    )


def suggestable(
    sources: Mapping[str, LabelSource], loaded: Mapping[str, LoadedClassifier]
) -> dict[str, LabelSource]:
    """The attributes that take suggestions: those of binary classifiers, since a score of 0 gives no label of many."""
    return {name: source for name, source in sources.items() if loaded[source.classifier].binary}


def decisions(
    suggested: SuggestedScores,
    sources: Mapping[str, LabelSource],
    loaded: Mapping[str, LoadedClassifier],
) -> dict[str, str]:
    """The label for each classifier.

    If several attributes stand for one classifier, the highest score decides: what is one of them is positive.

    Args:
        suggested: The request.
        sources: What its attributes stand for; one that is not there is left out.
        loaded: The loaded classifiers.
    """
    highest: dict[str, float] = {}
    for name, source in sources.items():
        highest[source.classifier] = max(highest.get(source.classifier, 0.0), suggested.values[name])
    return {
        name: loaded[name].labels[0] if value >= POSITIVE_FROM else loaded[name].unknown
        for name, value in highest.items()
    }


def requested_language(languages: list[str], known: tuple[str, ...]) -> str | None:
    """The first language's primary subtag, if the language classifier has it as a label."""
    primary = languages[0].partition("-")[0].lower() if languages else None
    return primary if primary in known else None


def answer(comment: Comment, detected: list[str]) -> dict[str, Any]:
    """The answer.

    Args:
        comment: The request's comment.
        detected: The languages that were detected, if they had to be.
    """
    token = {} if comment.client_token is None else {"clientToken": comment.client_token}
    return {**token, "detectedLanguages": detected, "requestedLanguages": comment.languages}


def _value(name: str, scores: dict[str, Any]) -> float:
    param = f"{SCORES}.{name[:64]}"
    summary = given(object_field(scores, SUMMARY, required=True)) if SUMMARY in scores else {}
    if "value" not in summary:
        raise refused(f"{param}.{SUMMARY}.value is missing; suggest 0 or 1 for the whole comment", param)
    if summary.get("type", SCORE_TYPES[0]) not in SCORE_TYPES:
        raise refused(f"{param}.{SUMMARY}.type must be PROBABILITY", param)
    if not is_probability(summary["value"]):
        raise refused(f"{param}.{SUMMARY}.value must be a number from 0 to 1", param)
    return float(summary["value"])
