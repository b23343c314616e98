"""Schemas of the routes that classify texts."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_classifiers.judging.verdict import MOST_LABELS

from scopesift_service.apis.guardrail import FIELDS, PARAMS
from scopesift_service.apis.loaded import LoadedClassifier
from scopesift_service.apis.openapi.parts import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    SCORE,
    STRING,
    VERSIONS,
    Schema,
    list_of,
    or_null,
    record,
    reference,
    text_schema,
    texts_schema,
)
from scopesift_service.apis.verdict_options import TOKENS
from scopesift_service.published_names import OPENAI_CATEGORIES
from scopesift_service.settings import ServiceSettings


def classify_schemas(limits: ServiceSettings, loaded: Sequence[LoadedClassifier]) -> dict[str, Schema]:
    """Our own format."""
    token = record(
        {**dict.fromkeys(("start", "end", "word_start", "word_end"), INTEGER), "activation": NUMBER}
    )
    tokens = {
        **list_of(token),
        "description": 'With "explain": "tokens": every token on which the feature fires, and the word around it.',
    }
    evidence = {
        "layer": INTEGER, "feature": INTEGER, "name": STRING, "activation": NUMBER, "threshold": NUMBER,
        "contribution": NUMBER, "start": INTEGER, "end": INTEGER, "text": STRING, "word": STRING, "tokens": tokens,
        "given_name": {**STRING, "description": "The feature's name that a person gave, if one did."},
    }  # fmt: skip
    label = record({"label": STRING, "score": SCORE})
    top_labels = {
        **list_of(label),
        "maxItems": MOST_LABELS,
        "description": "The likeliest labels, with the one given.",
    }
    span = record({"start": INTEGER, "end": INTEGER, "label": STRING, "score": SCORE})
    spans = {
        **list_of(span),
        "description": "With spans: the language of each part, adjacent, over the whole text.",
    }
    verdict = {
        "flagged": BOOLEAN, "label": STRING, "score": SCORE, "cut": SCORE, "top_labels": top_labels, "rule": STRING,
        "evidence": list_of(reference("Evidence")), "spans": spans,
    }  # fmt: skip
    options = option_schemas(loaded)
    failed = record({"type": STRING, "code": STRING, "message": STRING})
    return {
        "ClassifyRequest": record(
            {"texts": texts_schema(limits), **options}, optional=list(options), closed=True
        ),
        "Evidence": record(evidence, optional=("tokens", "given_name")),
        "Verdict": record(verdict, optional=("flagged", "label", "top_labels", "evidence", "spans")),
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


def option_schemas(loaded: Sequence[LoadedClassifier]) -> dict[str, Schema]:
    """The fields of `VerdictOptions`."""
    cut = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    return {
        "classifiers": {
            "type": ["array", "null"],
            "items": {"enum": [classifier.name for classifier in loaded]},
            "minItems": 1,
            "description": "Those that answer; by default all.",
        },
        "thresholds": {
            "type": ["object", "null"],
            "properties": {classifier.name: cut for classifier in loaded if classifier.binary},
            "additionalProperties": False,
            "description": "The score from which on a binary classifier flags, instead of its own.",
        },
        "explain": {
            "enum": [True, False, TOKENS, None],
            "description": "false leaves the evidence out of the verdicts; by default it is there. "
            "With tokens it has every token on which a feature fires.",
        },
        "spans": {
            "type": ["boolean", "null"],
            "description": "true gives the language verdict the language of each part; by default it has none.",
        },
    }


def openai_schemas(limits: ServiceSettings) -> dict[str, Schema]:
    """OpenAI's format."""
    part = record({"type": {"const": "text"}, "text": text_schema(limits)})
    parts = {**list_of(part), "minItems": 1, "maxItems": limits.max_texts}
    label = record({"label": STRING, "score": SCORE})

    def by_category(value: Schema) -> Schema:
        return {**record(dict.fromkeys(OPENAI_CATEGORIES, value)), "additionalProperties": value}

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
                    "anyOf": [text_schema(limits), texts_schema(limits), parts],
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


def text_classification_schemas(limits: ServiceSettings) -> dict[str, Schema]:
    """The text-classification format."""
    labels = list_of(record({"label": STRING, "score": SCORE}))
    truncate = "Cut texts to the limit of characters instead of refusing them."
    return {
        "PredictRequest": record(
            {
                "inputs": {"anyOf": [text_schema(limits), texts_schema(limits)]},
                "truncate": {"type": ["boolean", "null"], "description": truncate},
            },
            optional=("truncate",),
        ),
        "PredictAnswer": {
            "anyOf": [labels, list_of(labels)],
            "description": "All labels, the likeliest first; for a list of texts a list each.",
        },
        "PredictError": record({"error": STRING, "error_type": STRING}),
    }


def guardrail_schemas(limits: ServiceSettings, loaded: Sequence[LoadedClassifier]) -> dict[str, Schema]:
    """LiteLLM's guardrail format."""
    binary = [classifier for classifier in loaded if classifier.binary]
    options = {name: schema for name, schema in option_schemas(binary).items() if name in FIELDS}
    blocked = record({"text": INTEGER, "classifier": STRING, "score": SCORE, "cut": SCORE})
    request: dict[str, Schema] = {
        "texts": {**texts_schema(limits), "type": ["array", "null"], "minItems": 0},
        PARAMS: or_null(record(options, optional=list(options), closed=True)),
    }
    answer: dict[str, Schema] = {
        "action": {"enum": ["NONE", "BLOCKED"]},
        "blocked_reason": STRING,
        "blocked": list_of(blocked),
        "scope": STRING,
        "classifiers": VERSIONS,
    }
    return {
        "GuardrailRequest": record(request, optional=list(request)),
        "GuardrailAnswer": record(answer, optional=[name for name in answer if name != "action"]),
    }
