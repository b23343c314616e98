"""Schemas of the routes under /v1/classifiers, and of errors."""

from __future__ import annotations

from scopesift_service.apis.classifiers.example_rows import LONGEST_LABEL
from scopesift_service.apis.classifiers.transfer_request import LANG_PATTERN, SUGGESTED
from scopesift_service.apis.openapi.parts import (
    ANY_OBJECT,
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    VERSION,
    Schema,
    list_of,
    or_null,
    record,
    reference,
    text_schema,
    texts_schema,
)
from scopesift_service.apis.openapi.perspective import suggestion_counts
from scopesift_service.http.errors import KINDS
from scopesift_service.settings import ServiceSettings

OUTCOME: dict[str, Schema] = {
    "dry_run": {"type": ["boolean", "null"], "description": "Measure only: store and change nothing."},
    "activate": {
        "type": ["boolean", "null"],
        "description": "false stores the new version as a draft, which activate puts into use.",
    },
}
"""What becomes of a new version, in the requests that make one."""


def example_rows(limits: ServiceSettings) -> Schema:
    """Labelled examples of a request."""
    label = {**STRING, "minLength": 1, "maxLength": LONGEST_LABEL}
    example = record({"text": text_schema(limits), "label": label})
    return {"type": "array", "items": example, "minItems": 1, "maxItems": limits.max_examples}


def classifier_schemas(limits: ServiceSettings) -> dict[str, Schema]:
    """Lists of classifiers, transfer and activation."""
    by_label = {
        "type": "object",
        "additionalProperties": NUMBER,
        "description": "Cuts by label; empty: one for all.",
    }
    summary = {
        "name": STRING, "kind": {"enum": ["binary", "many"]}, "labels": list_of(STRING), "unknown": STRING,
        "version": VERSION, "langs": list_of(STRING), "cut": NUMBER, "label_cuts": by_label,
        "n_features": INTEGER, "deepest_layer": INTEGER, "quality": ANY_OBJECT, "transferred": ANY_OBJECT,
        "muted": list_of(ANY_OBJECT),
        "suggestions": suggestion_counts(),
    }  # fmt: skip
    feature = {
        "layer": INTEGER, "index": INTEGER, "threshold": NUMBER, "rule": STRING, "label": STRING,
        "given_name": {**STRING, "description": "The name that a person gave, if one did."},
    }  # fmt: skip
    version = {
        "version": VERSION, "active": BOOLEAN, "created": {"type": ["string", "null"]}, "langs": list_of(STRING),
    }  # fmt: skip
    examples = {"anyOf": [example_rows(limits), {"const": SUGGESTED}, {"type": "null"}]}
    unlabelled = {**texts_schema(limits), "maxItems": limits.max_examples}
    strategy = record({"name": STRING, "macro_f1": NUMBER, "balanced_accuracy": NUMBER, "spread": NUMBER})
    replaced = record(
        {
            "rule": STRING, "features": INTEGER, "macro_f1": NUMBER, "balanced_accuracy": NUMBER, "spread": NUMBER,
            "fitted_on_these": BOOLEAN,
        }
    )  # fmt: skip
    transfer = record({"enabled": BOOLEAN, "max_examples": INTEGER})
    per_call = record(dict.fromkeys(("max_texts", "max_characters", "max_call_characters"), INTEGER))
    return {
        "Classifier": record(summary),
        "ClassifierList": record(
            {
                "scope": ANY_OBJECT,
                "classifiers": list_of(reference("Classifier")),
                "limits": per_call,
                "transfer": transfer,
            }
        ),
        "ClassifierDetail": record(
            {
                **summary,
                "features": list_of(record(feature, optional=("given_name",))),
                "versions": list_of(record(version)),
            }
        ),
        "TransferRequest": record(
            {
                "lang": {"type": "string", "pattern": f"^{LANG_PATTERN}$"},
                "examples": examples,
                "unlabelled": {
                    **or_null(unlabelled),
                    "description": "Instead of examples: texts without labels, by which the cut is moved.",
                },
                "positive_share": {
                    "type": ["number", "null"],
                    "exclusiveMinimum": 0,
                    "exclusiveMaximum": 1,
                    "description": "Of unlabelled texts: the share to flag; by default that of the classifier's fit.",
                },
                **OUTCOME,
            },
            optional=("examples", "unlabelled", "positive_share", *OUTCOME),
            closed=True,
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
        "ActivateRequest": record({"version": VERSION}, closed=True),
        "ActivateAnswer": record(
            {"name": STRING, "version": VERSION, "previous": {"type": ["string", "null"]}}
        ),
    }


def error_schemas() -> dict[str, Schema]:
    """Errors in both formats."""
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
