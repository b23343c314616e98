"""Schemas of POST /v1/steer."""

from __future__ import annotations

from scopesift_features.generating.intervention import ACTIONS, BOOST, CLAMP, EXAMPLES, SUPPRESS
from scopesift_features.generating.phases import PHASES

from scopesift_service.apis.openapi.parts import (
    INTEGER,
    NUMBER,
    SCORE,
    STRING,
    VERSIONS,
    Schema,
    list_of,
    or_null,
    record,
)
from scopesift_service.apis.steering_request import (
    HIGHEST_TEMPERATURE,
    LARGEST_AMOUNT,
    LARGEST_SEED,
    LONGEST_CHANGE,
    LONGEST_PROMPT,
    LOWEST_TEMPERATURE,
    MOST_CHANGES,
    MOST_NEW_TOKENS,
)


def steering_schemas() -> dict[str, Schema]:
    """A steering and its answer."""
    most_changes = {"minItems": 1, "maxItems": MOST_CHANGES}
    spelled = {**STRING, "maxLength": LONGEST_CHANGE, "description": f"LAYER:FEATURE=CHANGE: {EXAMPLES}."}
    amount = {**NUMBER, "maximum": LARGEST_AMOUNT}
    of_label = record(
        {
            "classifier": STRING,
            "label": STRING,
            BOOST: or_null({**amount, "minimum": -LARGEST_AMOUNT}),
            CLAMP: or_null({**amount, "minimum": 0}),
            SUPPRESS: {"enum": [True, None]},
            "top": or_null({**INTEGER, "minimum": 1, "maximum": MOST_CHANGES}),
        },
        optional=(*ACTIONS, "top"),
        closed=True,
    )
    of_label["description"] = (
        f"The `top` features (default 4) of a classifier's label, with one of {', '.join(ACTIONS)}."
    )
    temperature = {**NUMBER, "minimum": LOWEST_TEMPERATURE, "maximum": HIGHEST_TEMPERATURE}
    options = {
        "phase": {"enum": [*PHASES, None], "description": "Tokens that are changed; default every."},
        "max_new_tokens": or_null({**INTEGER, "minimum": 1, "maximum": MOST_NEW_TOKENS}),
        "temperature": {"anyOf": [temperature, {"enum": [0, None]}], "description": "0: the likeliest token."},
        "top_p": {**or_null({**NUMBER, "exclusiveMinimum": 0, "maximum": 1}), "description": "With a temperature."},
        "seed": or_null({**INTEGER, "minimum": 0, "maximum": LARGEST_SEED}),
        "controls": {"type": ["boolean", "null"], "description": "Flipped signs and random features; default true."},
    }  # fmt: skip
    request = {
        "prompt": {**STRING, "minLength": 1, "maxLength": LONGEST_PROMPT},
        "changes": {"anyOf": [{**list_of(spelled), **most_changes}, of_label]},
        **options,
    }
    result = record(
        {
            "way": {"enum": ["none", "steered", "flipped", "random"]},
            "texts": {**list_of(STRING), "minItems": 1, "maxItems": 1, "description": "What the model wrote."},
            "rate": or_null(SCORE), "score": or_null(SCORE),
            "perplexity": {"type": ["number", "null"], "description": "Of neutral text; null: too large."},
            "distinct_2": SCORE, "words": NUMBER,
        }
    )  # fmt: skip
    return {
        "SteeringRequest": record(request, optional=tuple(options), closed=True),
        "SteeringAnswer": record(
            {
                "scope": STRING, "classifiers": VERSIONS, "changes": list_of(STRING), "phase": {"enum": list(PHASES)},
                "results": list_of(result),
            }
        ),
    }  # fmt: skip
