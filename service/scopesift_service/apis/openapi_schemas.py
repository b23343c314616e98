"""JSON schemas of all requests and responses, with the configured limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scopesift_classifiers.judging.verdict import MOST_LABELS

from scopesift_service.apis.openai import CATEGORIES
from scopesift_service.apis.perspective import (
    LANGUAGE_TAG_PATTERN,
    MOST_ATTRIBUTES,
    MOST_LANGUAGES,
    SCORE_TYPES,
    TEXT_TYPES,
)
from scopesift_service.apis.transfer_request import LANG_PATTERN, LONGEST_LABEL
from scopesift_service.http.errors import KINDS
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.registry import VERSION_PATTERN

Schema = dict[str, Any]
STRING: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
SCORE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
VERSIONS: Schema = {"type": "object", "additionalProperties": STRING, "description": "Version by classifier."}
VERSION: Schema = {"type": "string", "pattern": f"^{VERSION_PATTERN}$"}
ANY_OBJECT: Schema = {"type": "object"}


def reference(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(properties: dict[str, Schema], *, optional: Sequence[str] = (), closed: bool = False) -> Schema:
    """An object whose properties are required unless named."""
    schema: Schema = {"type": "object", "properties": properties}
    required = [name for name in properties if name not in optional]
    if required:
        schema["required"] = required
    if closed:
        schema["additionalProperties"] = False
    return schema


def list_of(items: Schema) -> Schema:
    """A list of items of one schema."""
    return {"type": "array", "items": items}


def or_null(schema: Schema) -> Schema:
    """The schema, or null for an unset field."""
    return {"anyOf": [schema, {"type": "null"}]}


def all_schemas(limits: ServiceSettings, attributes: Sequence[str]) -> dict[str, Schema]:
    """Every schema by name.

    Args:
        limits: The limits to state.
        attributes: Perspective's names of the loaded binary classifiers.
    """
    return {
        **_classify(limits),
        **_openai(limits),
        **_perspective(limits, attributes),
        **_classifiers(limits),
        **_errors(),
    }


def _text(limits: ServiceSettings) -> Schema:
    return {"type": "string", "maxLength": limits.max_characters}


def _texts(limits: ServiceSettings) -> Schema:
    return {"type": "array", "items": _text(limits), "minItems": 1, "maxItems": limits.max_texts}


def _classify(limits: ServiceSettings) -> dict[str, Schema]:
    evidence = {
        "layer": INTEGER, "feature": INTEGER, "name": STRING, "activation": NUMBER, "threshold": NUMBER,
        "contribution": NUMBER, "start": INTEGER, "end": INTEGER, "text": STRING, "word": STRING,
    }  # fmt: skip
    label = record({"label": STRING, "score": SCORE})
    top_labels = {
        **list_of(label),
        "maxItems": MOST_LABELS,
        "description": "The likeliest labels, with the one given.",
    }
    verdict = {
        "flagged": BOOLEAN, "label": STRING, "score": SCORE, "top_labels": top_labels, "rule": STRING,
        "evidence": list_of(reference("Evidence")),
    }  # fmt: skip
    failed = record({"type": STRING, "code": STRING, "message": STRING})
    return {
        "ClassifyRequest": record({"texts": _texts(limits)}, closed=True),
        "Evidence": record(evidence),
        "Verdict": record(verdict, optional=("flagged", "label", "top_labels")),
        "ClassifyRecord": {
            **record(
                {"text": STRING, "scope": STRING, "classifiers": VERSIONS, "error": failed},
                optional=("error",),
            ),
            "additionalProperties": reference("Verdict"),
        },
        "ClassifyAnswer": record(
            {"results": list_of(reference("ClassifyRecord")), "scope": STRING, "classifiers": VERSIONS}
        ),
    }


def _openai(limits: ServiceSettings) -> dict[str, Schema]:
    part = record({"type": {"const": "text"}, "text": _text(limits)})
    parts = {**list_of(part), "minItems": 1, "maxItems": limits.max_texts}
    label = record({"label": STRING, "score": SCORE})

    def by_category(value: Schema) -> Schema:
        return {**record(dict.fromkeys(CATEGORIES, value)), "additionalProperties": value}

    result = {
        "flagged": BOOLEAN,
        "categories": by_category(BOOLEAN),
        "category_scores": by_category(SCORE),
        "category_applied_input_types": by_category(list_of(STRING)),
        "labels": {"type": "object", "additionalProperties": label},
    }
    return {
        "ModerationRequest": record(
            {
                "input": {
                    "anyOf": [_text(limits), _texts(limits), parts],
                    "description": "Parts are joined by line breaks to one text, to which the length limit applies.",
                },
                "model": {"type": ["string", "null"], "description": "Accepted and not used."},
            },
            optional=("model",),
        ),
        "ModerationResult": record(result),
        "ModerationAnswer": record(
            {
                "id": STRING,
                "model": STRING,
                "results": list_of(reference("ModerationResult")),
                "scope": STRING,
                "classifiers": VERSIONS,
            }
        ),
    }


def _perspective(limits: ServiceSettings, attributes: Sequence[str]) -> dict[str, Schema]:
    parameters: dict[str, Schema] = {
        "scoreType": {"enum": [*SCORE_TYPES, None]},
        "scoreThreshold": or_null(SCORE),
    }
    wish = or_null(record(parameters, optional=list(parameters)))
    score = record({"value": SCORE, "type": STRING})
    span = record({"begin": INTEGER, "end": INTEGER, "score": score})
    comment = {"text": {**_text(limits), "minLength": 1}, "type": {"enum": [*TEXT_TYPES, None]}}
    tag = {"type": "string", "pattern": f"^{LANGUAGE_TAG_PATTERN}$"}
    request: dict[str, Schema] = {
        "comment": record(comment, optional=("type",)),
        "requestedAttributes": {
            "type": "object",
            "properties": dict.fromkeys(attributes, wish),
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": MOST_ATTRIBUTES,
        },
        "languages": {"type": ["array", "null"], "items": tag, "maxItems": MOST_LANGUAGES},
        "context": {"type": ["object", "null"], "description": "Accepted and not used."},
        "clientToken": {"type": ["string", "null"], "maxLength": limits.max_characters},
    }
    request.update({name: {"type": ["boolean", "null"]} for name in ("spanAnnotations", "doNotStore")})
    request.update({name: {"type": ["string", "null"]} for name in ("sessionId", "communityId")})
    needed = ("comment", "requestedAttributes")
    scores = record({"spanScores": list_of(span), "summaryScore": score})
    return {
        "AnalyzeCommentRequest": record(request, optional=[name for name in request if name not in needed]),
        "AnalyzeCommentAnswer": record(
            {
                "attributeScores": {"type": "object", "additionalProperties": scores},
                "languages": list_of(STRING),
                "detectedLanguages": list_of(STRING),
                "scope": STRING,
                "classifiers": VERSIONS,
                "clientToken": STRING,
            },
            optional=("clientToken",),
        ),
    }


def _classifiers(limits: ServiceSettings) -> dict[str, Schema]:
    by_label = {
        "type": "object",
        "additionalProperties": NUMBER,
        "description": "Cuts by label; empty: one for all.",
    }
    summary = {
        "name": STRING, "kind": {"enum": ["binary", "many"]}, "labels": list_of(STRING), "unknown": STRING,
        "version": VERSION, "langs": list_of(STRING), "cut": NUMBER, "label_cuts": by_label,
        "n_features": INTEGER, "deepest_layer": INTEGER, "quality": ANY_OBJECT, "transferred": ANY_OBJECT,
    }  # fmt: skip
    feature = {"layer": INTEGER, "index": INTEGER, "threshold": NUMBER, "rule": STRING, "label": STRING}
    version = {
        "version": VERSION, "active": BOOLEAN, "created": {"type": ["string", "null"]}, "langs": list_of(STRING),
    }  # fmt: skip
    example = record({"text": _text(limits), "label": {**STRING, "minLength": 1, "maxLength": LONGEST_LABEL}})
    examples = {"type": "array", "items": example, "minItems": 1, "maxItems": limits.max_examples}
    strategy = record({"name": STRING, "macro_f1": NUMBER, "balanced_accuracy": NUMBER, "spread": NUMBER})
    replaced = record(
        {
            "rule": STRING, "features": INTEGER, "macro_f1": NUMBER, "balanced_accuracy": NUMBER, "spread": NUMBER,
            "fitted_on_these": BOOLEAN,
        }
    )  # fmt: skip
    transfer = record({"enabled": BOOLEAN, "max_examples": INTEGER})
    return {
        "Classifier": record(summary),
        "ClassifierList": record(
            {"scope": ANY_OBJECT, "classifiers": list_of(reference("Classifier")), "transfer": transfer}
        ),
        "ClassifierDetail": record(
            {**summary, "features": list_of(record(feature)), "versions": list_of(record(version))}
        ),
        "TransferRequest": record(
            {
                "lang": {"type": "string", "pattern": f"^{LANG_PATTERN}$"},
                "examples": examples,
                "unlabelled": {
                    **_texts(limits),
                    "maxItems": limits.max_examples,
                    "description": "Instead of examples: texts without labels, by which the cut is moved.",
                },
                "positive_share": {
                    "type": ["number", "null"],
                    "exclusiveMinimum": 0,
                    "exclusiveMaximum": 1,
                    "description": "Of unlabelled texts: the share to flag; by default that of the classifier's fit.",
                },
                "dry_run": {
                    "type": ["boolean", "null"],
                    "description": "Measure only: store and change nothing.",
                },
            },
            optional=("examples", "unlabelled", "positive_share", "dry_run"),
        ),
        "TransferAnswer": record(
            {
                "name": STRING,
                "version": VERSION,
                "base_version": or_null(VERSION),
                "lang": STRING,
                "active": BOOLEAN,
                "chosen": STRING,
                "strategies": list_of(strategy),
                "replaced": or_null(replaced),
                "warning": {"type": ["string", "null"]},
                "quality": ANY_OBJECT,
            }
        ),
        "ActivateRequest": record({"version": VERSION}),
        "ActivateAnswer": record(
            {"name": STRING, "version": VERSION, "previous": {"type": ["string", "null"]}}
        ),
    }


def _errors() -> dict[str, Schema]:
    text_or_null = {"type": ["string", "null"]}
    kinds = sorted({kind for kind, _, _ in KINDS.values()})
    google = sorted({status for _, status, _ in KINDS.values()})
    return {
        "Error": record(
            {
                "error": record(
                    {"message": STRING, "type": {"enum": kinds}, "param": text_or_null, "code": STRING}
                )
            }
        ),
        "PerspectiveError": record(
            {
                "error": record(
                    {
                        "code": INTEGER,
                        "message": STRING,
                        "status": {"enum": google},
                        "details": list_of(ANY_OBJECT),
                    }
                )
            }
        ),
    }
