"""The engine's answer for one text, as it travels from the engine process to the HTTP process."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

LANGUAGE = "language"  # as `scopesift_classifiers` has it, which the HTTP process does not load
UNKNOWN_LANGUAGE = "und"


class Judged(TypedDict):
    """One text's verdicts, or why there are none.

    Attributes:
        verdicts: By classifier name, as `Verdict.to_dict` gives them; empty after an error.
        scope: Id of the scope.
        classifiers: Version by name of the classifiers that judged.
        queue: Seconds from being sent to the engine until its batch began.
        seconds: Seconds that its batch took.
        error: One line, in place of verdicts.
    """

    verdicts: dict[str, dict[str, Any]]
    scope: str
    classifiers: dict[str, str]
    queue: float
    seconds: float
    error: NotRequired[str]


def is_binary(verdict: dict[str, Any]) -> bool:
    """Whether a verdict is flagged or not, rather than one label out of several."""
    return "flagged" in verdict


def versions_of(judged: list[Judged]) -> dict[str, str]:
    """Versions that judged a call; of two versions at a switch, the newer answer's."""
    versions: dict[str, str] = {}
    for item in judged:
        versions.update(item["classifiers"])
    return versions
