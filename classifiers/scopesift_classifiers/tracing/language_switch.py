"""Where a text leaves the language that it began in."""

from __future__ import annotations

from dataclasses import dataclass

from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.language_spans import language_spans


@dataclass(frozen=True)
class LanguageSwitch:
    """A change of language.

    Attributes:
        start: where the other language begins, in characters.
        before, after: the languages.
    """

    start: int
    before: str
    after: str


def first_switch(engine: Engine, text: str, prompt_end: int) -> LanguageSwitch | None:
    """The first change of language at or after the end of the prompt, against the language just before it.

    Args:
        engine: has the language classifier.
        text: prompt and continuation.
        prompt_end: where the prompt ends, in characters.

    Returns:
        None if the language stays, or is unknown on one side.

    Raises:
        UsageError: no language classifier of several labels.
    """
    unknown = engine.classifiers["language"].unknown if "language" in engine.classifiers else "und"
    before = None
    for span in language_spans(engine, text):
        if span.label == unknown:
            continue
        if before is not None and span.label != before and span.end > prompt_end:
            return LanguageSwitch(max(span.start, prompt_end), before, span.label)
        before = span.label
    return None
