"""Schemas of Perspective's routes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scopesift_service.apis.loaded import LoadedClassifier
from scopesift_service.apis.openapi.parts import (
    INTEGER,
    SCORE,
    STRING,
    VERSIONS,
    Schema,
    list_of,
    or_null,
    record,
    text_schema,
)
from scopesift_service.apis.perspective.attributes import attribute_sources
from scopesift_service.apis.perspective.comment import (
    LANGUAGE_TAG_PATTERN,
    MOST_ATTRIBUTES,
    MOST_LANGUAGES,
    SCORE_TYPES,
    TEXT_TYPES,
)
from scopesift_service.apis.perspective.suggest import suggestable
from scopesift_service.published_names import PERSPECTIVE_ATTRIBUTES
from scopesift_service.settings import OMIT, ServiceSettings

NEEDED = ("comment", "requestedAttributes", "attributeScores")


def perspective_schemas(limits: ServiceSettings, loaded: Sequence[LoadedClassifier]) -> dict[str, Schema]:
    """Requests and answers of comments:analyze and comments:suggestscore."""
    sources = attribute_sources(loaded, limits.perspective_attributes)
    by_name = {classifier.name: classifier for classifier in loaded}
    omitted = PERSPECTIVE_ATTRIBUTES if limits.perspective_missing == OMIT else ()
    parameters: dict[str, Schema] = {
        "scoreType": {"enum": [*SCORE_TYPES, None]},
        "scoreThreshold": or_null(SCORE),
    }
    wish = or_null(record(parameters, optional=list(parameters)))
    score = record({"value": SCORE, "type": STRING})
    span = record({"begin": INTEGER, "end": INTEGER, "score": score})
    scores = record({"spanScores": list_of(span), "summaryScore": score})
    suggested = record({"value": SCORE, "type": {"enum": [*SCORE_TYPES, None]}}, optional=("type",))
    shared = _shared(limits)
    analyze: dict[str, Schema] = {
        **shared,
        "requestedAttributes": _by_attribute((*sources, *omitted), wish),
        **{
            name: {"type": ["boolean", "null"]}
            for name in ("spanAnnotations", "doNotStore", "dropUnsupportedAttributes")
        },
    }
    suggest: dict[str, Schema] = {
        **shared,
        "attributeScores": _by_attribute(
            (*suggestable(sources, by_name), *omitted), record({"summaryScore": suggested})
        ),
    }
    languages = {"languages": list_of(STRING), "detectedLanguages": list_of(STRING)}
    return {
        "AnalyzeCommentRequest": _request(analyze),
        "AnalyzeCommentAnswer": record(
            {
                "attributeScores": {"type": "object", "additionalProperties": scores},
                **languages,
                "scope": STRING,
                "classifiers": VERSIONS,
                "clientToken": STRING,
            },
            optional=("clientToken",),
        ),
        "SuggestCommentScoreRequest": _request(suggest),
        "SuggestCommentScoreAnswer": record(
            {
                "detectedLanguages": {
                    **list_of(STRING),
                    "description": "Empty if the request names a language that the language classifier knows.",
                },
                "requestedLanguages": list_of(STRING),
                "clientToken": STRING,
            },
            optional=("clientToken",),
        ),
    }


def suggestion_counts() -> Schema:
    """Stored suggestions by language."""
    counts = record({"stored": INTEGER, "new": INTEGER})
    return {
        "type": ["object", "null"],
        "additionalProperties": counts,
        "description": "Texts with a decision, and those decided since the last transfer that took them; null: "
        "they can't be read.",
    }


def _shared(limits: ServiceSettings) -> dict[str, Schema]:
    """Fields of both requests."""
    comment = {"text": {**text_schema(limits), "minLength": 1}, "type": {"enum": [*TEXT_TYPES, None]}}
    tag = {"type": "string", "pattern": f"^{LANGUAGE_TAG_PATTERN}$"}
    return {
        "comment": record(comment, optional=("type",)),
        "languages": {"type": ["array", "null"], "items": tag, "maxItems": MOST_LANGUAGES},
        "context": {"type": ["object", "null"], "description": "Accepted and not used."},
        "clientToken": {"type": ["string", "null"], "maxLength": limits.max_characters},
        **{name: {"type": ["string", "null"]} for name in ("sessionId", "communityId")},
    }


def _by_attribute(names: Iterable[str], value: Schema) -> Schema:
    return {
        "type": "object",
        "properties": dict.fromkeys(names, value),
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": MOST_ATTRIBUTES,
    }


def _request(fields: dict[str, Schema]) -> Schema:
    return record(fields, optional=[name for name in fields if name not in NEEDED])
