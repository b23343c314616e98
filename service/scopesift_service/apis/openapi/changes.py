"""Schemas of what a classifier's features are, of their changes by hand, of progress and of the audit trail."""

from __future__ import annotations

from scopesift_service.apis.classifiers.edit_request import FEATURE_PATTERN, LONGEST_NAME
from scopesift_service.apis.openapi.classifiers import OUTCOME, example_rows
from scopesift_service.apis.openapi.parts import (
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
)
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import Action
from scopesift_service.versions.progress import Stage


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
    about = {
        "lang": STRING, "examples": INTEGER, "labelled": BOOLEAN, "suggested": BOOLEAN, "feature": STRING,
        "given_name": STRING,
    }  # fmt: skip
    change = record(
        {
            "time": STRING, "who": STRING, "action": {"enum": actions}, "classifier": STRING, "version": VERSION,
            "previous": or_null(VERSION),
            "in_use": {**BOOLEAN, "description": "false: it was stored as a draft."}, **about,
        },
        optional=tuple(about),
    )  # fmt: skip
    unreadable = {**INTEGER, "description": "Lines of the file that hold no change."}
    return {"AuditAnswer": record({"entries": list_of(change), "unreadable": unreadable})}


def edit_schemas(limits: ServiceSettings) -> dict[str, Schema]:
    """A feature named or muted."""
    feature = {**STRING, "pattern": f"^{FEATURE_PATTERN}$", "description": "LAYER:INDEX."}
    name = {**STRING, "maxLength": LONGEST_NAME, "description": "Empty: the name is taken away."}
    outcome = tuple(OUTCOME)
    made = {
        "name": STRING, "version": VERSION, "base_version": or_null(VERSION), "active": BOOLEAN, "feature": STRING,
        "rules": {**list_of(STRING), "description": "The rules that read the feature."},
    }  # fmt: skip
    quality = record({"macro_f1": SCORE, "balanced_accuracy": SCORE, "accuracy": SCORE})
    verdict = record(
        {
            "example": {**INTEGER, "description": "Its place among the examples, from 0."},
            "label": STRING, "old": STRING, "new": STRING, "old_score": SCORE, "new_score": SCORE,
        }
    )  # fmt: skip
    compared = record(
        {
            "examples": INTEGER,
            "changed": INTEGER,
            "old": quality,
            "new": quality,
            "verdicts": list_of(verdict),
        }
    )
    compared["description"] = "Both versions on the examples; the first verdicts that changed."
    return {
        "RenameRequest": record(
            {"feature": feature, "given_name": name, **OUTCOME}, optional=outcome, closed=True
        ),
        "RenameAnswer": record({**made, "given_name": STRING}),
        "MuteRequest": record(
            {"feature": feature, "examples": or_null(example_rows(limits)), **OUTCOME},
            optional=("examples", *outcome),
            closed=True,
        ),
        "MuteAnswer": record(
            {**made, "n_features": INTEGER, "calibration": {"const": "kept"}, "compared": or_null(compared)}
        ),
    }


def progress_schemas() -> dict[str, Schema]:
    """How far a change is."""
    running = record(
        {
            "action": STRING, "who": STRING, "stage": {"enum": [str(one) for one in Stage]},
            "done": {**INTEGER, "description": "Of `of`; 0 of 0 where it can't be counted."}, "of": INTEGER,
            "seconds": NUMBER,
        }
    )  # fmt: skip
    return {"ProgressAnswer": record({"name": STRING, "running": or_null(running)})}
