"""What the HTTP process and the engine process send each other for one text."""

from __future__ import annotations

from typing import Any, NamedTuple, NotRequired, TypedDict

LANGUAGE = "language"  # copied from `scopesift_classifiers`, which the HTTP process doesn't import
UNKNOWN_LANGUAGE = "und"
JUDGE_PATH = "/judge-pickled"


class AskedText(NamedTuple):
    """One text, as sent from the HTTP process to the engine process.

    Attributes:
        text: The text.
        sent: Monotonic time at which it was sent, in seconds.
        spans: Whether the language verdict gets the text's language spans.
        tokens: Whether evidence gets every token on which its feature fires.
    """

    text: str
    sent: float
    spans: bool = False
    tokens: bool = False


class Judged(TypedDict):
    """One text's verdicts, or why there are none.

    Attributes:
        verdicts: By classifier name, as `Verdict.to_dict` gives them, the language's with its `spans` and evidence
            with its `tokens` if they were asked for; empty after an error.
        scores: Calibrated probability of every label, by classifier name; empty after an error.
        scope: Id of the scope.
        classifiers: Version by name of the classifiers used.
        queue: Seconds from being sent to the engine until its batch started.
        seconds: Duration of its batch in seconds.
        error: One line, instead of verdicts.
    """

    verdicts: dict[str, dict[str, Any]]
    scores: dict[str, dict[str, float]]
    scope: str
    classifiers: dict[str, str]
    queue: float
    seconds: float
    error: NotRequired[str]


def readings(*, spans: bool, tokens: bool) -> int:
    """How often a text is read: once, for spans also in pieces and in spans, for the evidence's tokens once more."""
    return 1 + 2 * spans + tokens


def is_binary(verdict: dict[str, Any]) -> bool:
    """Whether a verdict is of a binary classifier (flagged or not)."""
    return "flagged" in verdict


def detected_languages(item: Judged) -> list[str]:
    """The language of a text; none if it is unknown, the text failed, or no language classifier is loaded."""
    language = item["verdicts"].get(LANGUAGE, {}).get("label", UNKNOWN_LANGUAGE)
    return [] if language == UNKNOWN_LANGUAGE else [language]


def versions_of(judged: list[Judged]) -> dict[str, str]:
    """Versions used for a call; if they changed during it, those of the last answer."""
    versions: dict[str, str] = {}
    for item in judged:
        versions.update(item["classifiers"])
    return versions
