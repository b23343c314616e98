"""Parsing of the body of a steering."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from scopesift_features.generating.intervention import (
    ACTIONS,
    BOOST,
    CLAMP,
    EXAMPLES,
    SUPPRESS,
    parse_intervention,
)
from scopesift_features.generating.phases import EVERY, PHASES
from scopesift_files.errors import UsageError

from scopesift_service.apis.text_checks import without_surrogates
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import check_fields, json_type

LONGEST_PROMPT = 2000
MOST_CHANGES = 64
LONGEST_CHANGE = 64
LARGEST_AMOUNT = 10_000.0
MOST_NEW_TOKENS = 128
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.01, 2.0
LARGEST_SEED = 2**32 - 1
CHANGES, LABEL_CHANGES = "changes", ("classifier", "label", *ACTIONS, "top")
FIELDS = ("prompt", CHANGES, "phase", "max_new_tokens", "temperature", "top_p", "seed", "controls")


@dataclass(frozen=True)
class Steering:
    """One steering.

    Attributes:
        prompt: What the model continues.
        changes: Changes of features as `parse_intervention` reads them; empty with a classifier.
        name: The classifier whose label chooses the features; None: `changes` does.
        label, action, amount, top: With a classifier: arguments of `label_interventions`.
        phase: Tokens that are changed.
        max_new_tokens, temperature, top_p, seed: See `Sampling`.
        controls: Whether to run flipped signs and random features too.
    """

    prompt: str
    changes: list[str]
    name: str | None = None
    label: str | None = None
    action: str = BOOST
    amount: float = 0.0
    top: int = 4
    phase: str = EVERY
    max_new_tokens: int = 60
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    controls: bool = True


def parse_steering(content: dict[str, Any]) -> Steering:
    """Read the body of a steering; null counts as left out.

    Raises:
        ServiceError: 400 that names the field.
    """
    check_fields(content, FIELDS)
    given = {name: value for name, value in content.items() if value is not None}
    temperature = _number(given, "temperature", 0.0, HIGHEST_TEMPERATURE, default=Steering.temperature)
    if 0 < temperature < LOWEST_TEMPERATURE:
        raise ServiceError(
            400, f"temperature must be 0 or at least {LOWEST_TEMPERATURE}", param="temperature"
        )
    if "top_p" in given and not temperature:
        raise ServiceError(400, "top_p needs a temperature above 0; set one or leave it out", param="top_p")
    top_p = _number(given, "top_p", 0.0, 1.0, default=Steering.top_p)
    if not top_p:
        raise ServiceError(400, "top_p must be above 0", param="top_p")
    phase = given.get("phase", Steering.phase)
    if phase not in PHASES:
        raise ServiceError(400, f"phase must be one of {', '.join(PHASES)}", param="phase")
    controls = given.get("controls", Steering.controls)
    if not isinstance(controls, bool):
        raise ServiceError(
            400, f"controls must be true or false, got {json_type(controls)}", param="controls"
        )
    return Steering(
        _prompt(given.get("prompt")),
        **_changes(given.get(CHANGES)),
        phase=phase,
        max_new_tokens=_whole(given, "max_new_tokens", 1, MOST_NEW_TOKENS, default=Steering.max_new_tokens),
        temperature=temperature,
        top_p=top_p,
        seed=_whole(given, "seed", 0, LARGEST_SEED, default=Steering.seed),
        controls=controls,
    )


def _prompt(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_PROMPT:
        raise ServiceError(
            400, f"prompt must be a string of 1 to {LONGEST_PROMPT} characters", param="prompt"
        )
    return without_surrogates(value)


def _changes(value: Any) -> dict[str, Any]:
    """The fields of `Steering` that say what is changed."""
    if isinstance(value, dict):
        return _label_changes(value)
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_CHANGES:
        raise ServiceError(
            400,
            f'{CHANGES} must be a list of 1 to {MOST_CHANGES} changes such as "12:6159=+8", or an object with '
            f"{', '.join(LABEL_CHANGES[:2])} and one of {', '.join(ACTIONS)}",
            param=CHANGES,
        )
    return {"changes": [_change(text, f"{CHANGES}[{at}]") for at, text in enumerate(value)]}


def _change(text: Any, param: str) -> str:
    with suppress(UsageError):
        bounded = isinstance(text, str) and len(text) <= LONGEST_CHANGE
        if bounded and abs(parse_intervention(text).amount) <= LARGEST_AMOUNT:
            return text
    raise ServiceError(
        400,
        f"{param} must be LAYER:FEATURE=CHANGE with an amount of at most {LARGEST_AMOUNT:g}; {EXAMPLES}",
        param=param,
    )


def _label_changes(given: dict[str, Any]) -> dict[str, Any]:
    check_fields(given, LABEL_CHANGES, f"{CHANGES}.")
    given = {f"{CHANGES}.{name}": value for name, value in given.items() if value is not None}
    for param in (f"{CHANGES}.classifier", f"{CHANGES}.label"):
        if not isinstance(given.get(param), str):
            raise ServiceError(400, f"{param} must be a string", param=param)
    asked = [action for action in ACTIONS if f"{CHANGES}.{action}" in given]
    if len(asked) != 1:
        raise ServiceError(
            400, f"{CHANGES} needs one of {', '.join(ACTIONS)}, got {len(asked)}", param=CHANGES
        )
    (action,) = asked
    amount = 0.0
    if action == SUPPRESS:
        if given[f"{CHANGES}.{SUPPRESS}"] is not True:
            raise ServiceError(
                400, f"{CHANGES}.{SUPPRESS} must be true or left out", param=f"{CHANGES}.{SUPPRESS}"
            )
    else:
        least = 0.0 if action == CLAMP else -LARGEST_AMOUNT
        amount = _number(given, f"{CHANGES}.{action}", least, LARGEST_AMOUNT, default=Steering.amount)
    return {
        "changes": [],
        "name": given[f"{CHANGES}.classifier"],
        "label": given[f"{CHANGES}.label"],
        "action": action,
        "amount": amount,
        "top": _whole(given, f"{CHANGES}.top", 1, MOST_CHANGES, default=Steering.top),
    }


def _number(given: dict[str, Any], param: str, least: float, most: float, *, default: float) -> float:
    value = given.get(param, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ServiceError(400, f"{param} must be a number from {least:g} to {most:g}", param=param)
    return float(value)


def _whole(given: dict[str, Any], param: str, least: int, most: int, *, default: int) -> int:
    value = given.get(param, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ServiceError(400, f"{param} must be a whole number from {least} to {most}", param=param)
    return value
