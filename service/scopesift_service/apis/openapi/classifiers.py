"""Schemas of the routes under /v1/classifiers, and of errors."""

from __future__ import annotations

from scopesift_service.apis.classifiers.transfer_request import LANG_PATTERN, LONGEST_LABEL, SUGGESTED
from scopesift_service.apis.openapi.parts import (
    ANY_OBJECT,
    BOOLEAN,
    INTEGER,
    NUMBER,
    SCORE,
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
from scopesift_service.versions.audit import Action


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
        "suggestions": suggestion_counts(),
    }  # fmt: skip
    feature = {
        "layer": INTEGER, "index": INTEGER, "threshold": NUMBER, "rule": STRING, "label": STRING,
        "given_name": {**STRING, "description": "The name that a person gave, if one did."},
    }  # fmt: skip
    version = {
        "version": VERSION, "active": BOOLEAN, "created": {"type": ["string", "null"]}, "langs": list_of(STRING),
    }  # fmt: skip
    example = record(
        {"text": text_schema(limits), "label": {**STRING, "minLength": 1, "maxLength": LONGEST_LABEL}}
    )
    rows = {"type": "array", "items": example, "minItems": 1, "maxItems": limits.max_examples}
    examples = {"anyOf": [rows, {"const": SUGGESTED}, {"type": "null"}]}
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
                "dry_run": {
                    "type": ["boolean", "null"],
                    "description": "Measure only: store and change nothing.",
                },
                "activate": {
                    "type": ["boolean", "null"],
                    "description": "false stores the new version as a draft, which activate puts into use.",
                },
            },
            optional=("examples", "unlabelled", "positive_share", "dry_run", "activate"),
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


def feature_schemas() -> dict[str, Schema]:
    """Features of a rule with their cards."""
    shares = {"type": "object", "additionalProperties": SCORE}
    histogram = record({"edges": list_of(NUMBER), "counts": list_of(INTEGER)})
    histogram["description"] = "Texts by their largest activation, without those where it is not active."
    card = record(
        {
            "rates": {**shares, "description": "Label -> share of its texts on which the feature fires."},
            "by_lang": {**shares, "description": "The same by language."},
            "histogram": histogram,
            "tokens": {
                "type": "array",
                "items": {"type": "array"},
                "description": "Strongest tokens with shares.",
            },
        }
    )
    feature = record(
        {
            "layer": INTEGER, "feature": INTEGER, "name": STRING, "given_name": STRING, "threshold": NUMBER,
            "weight": {"type": ["number", "null"], "description": "null: a rule of thresholds."},
            "rules": list_of(STRING), "card": or_null(card),
        },
        optional=("given_name",),
    )  # fmt: skip
    listed = {
        "name": STRING, "version": VERSION, "rule": STRING, "label": STRING, "combine": STRING, "total": INTEGER,
        "features": list_of(feature),
    }  # fmt: skip
    return {"FeatureList": record(listed)}


def audit_schemas() -> dict[str, Schema]:
    """The audit trail."""
    actions = [str(one) for one in Action]
    change = record(
        {
            "time": STRING, "who": STRING, "action": {"enum": actions}, "classifier": STRING, "version": VERSION,
            "previous": or_null(VERSION), "lang": STRING, "examples": INTEGER, "labelled": BOOLEAN,
            "suggested": BOOLEAN,
        },
        optional=("lang", "examples", "labelled", "suggested"),
    )  # fmt: skip
    unreadable = {**INTEGER, "description": "Lines of the file that hold no change."}
    return {"AuditAnswer": record({"entries": list_of(change), "unreadable": unreadable})}


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
