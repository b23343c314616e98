"""Verdicts below their texts, in which the words of the evidence are marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text
from scopesift_classifiers.judging.language_spans import LanguageSpan
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_classifiers.judging.whole_word import whole_word

from scopesift.terminal.tables import Column, FittedTable

MOST_CHARACTERS = 160
REASONS = 3
SPAN_CHARACTERS = 60
LEAST_SCORE = 0.1
"""Of the labels that are shown after the one given."""


def verdict_listing(
    texts: Sequence[str],
    answers: Sequence[Mapping[str, Verdict]],
    spans: Sequence[Sequence[LanguageSpan]] | None = None,
) -> Iterator[Text | FittedTable]:
    """Each text over the full width, and below it a line per classifier: its verdict, and evidence unless it is clean.

    With spans also a line per language of the text.
    """
    for row, (text, answer) in enumerate(zip(texts, answers, strict=True)):
        shown = marked(text, answer)
        if spans is not None:
            shown.append_text(_languages(text, spans[row]))
        yield shown
        table = FittedTable([Column("", least=9), Column("", least=16), Column("", least=16)], indent=2)
        for name, verdict in flags_first(answer):
            table.add_row(Text(name), _said(verdict), _reasons(verdict))
        yield table
        if len(texts) > 1:
            yield Text()


def flags_first(answer: Mapping[str, Verdict]) -> list[tuple[str, Verdict]]:
    """Classifiers that flag or don't before those that choose a label, with their verdicts."""
    return sorted(answer.items(), key=lambda pair: pair[1].flagged is None)


def marked(text: str, answer: Mapping[str, Verdict]) -> Text:
    """The text with the evidence of flagging classifiers marked, cut to a readable length."""
    shown = Text(printable(text[:MOST_CHARACTERS]) + ("…" if len(text) > MOST_CHARACTERS else ""))
    for verdict in answer.values():
        if verdict.flagged:
            for item in verdict.evidence:
                start, end = whole_word(text, item.start, item.end)
                shown.stylize("bold red", start, min(end, MOST_CHARACTERS))
    return shown


def printable(text: str) -> str:
    """Control characters and lone surrogates as U+FFFD, so that each is visible in a terminal."""
    return "".join("\ufffd" if (ord(c) < 32 or 0xD800 <= ord(c) < 0xE000) else c for c in text)


def reasons(verdict: Verdict, most: int = REASONS) -> list[str]:
    """The distinct whole words of a verdict's evidence, the strongest first."""
    return [printable(word) for word in verdict.words()[:most]]


def _languages(text: str, spans: Sequence[LanguageSpan]) -> Text:
    """One line per language span of a text."""
    found = Text()
    for span in spans:
        part = printable(text[span.start : span.end]).strip()
        if len(part) > SPAN_CHARACTERS:
            part = f"{part[: SPAN_CHARACTERS // 2]} … {part[-SPAN_CHARACTERS // 2 :]}"
        found.append(f"\n{span.label} {span.score:.2f} [{span.start}:{span.end}] {part}", style="cyan")
    return found


def _said(verdict: Verdict) -> Text:
    if verdict.flagged is not None:
        word, style = (verdict.label, "bold red") if verdict.flagged else ("–", "green")
        return Text.assemble((word, style), (f" {verdict.score:.2f}", "dim"))
    others = ", ".join(
        f"{label} {score:.2f}"
        for label, score in verdict.top_labels
        if label != verdict.label and score >= LEAST_SCORE
    )
    return Text.assemble(verdict.label, (f" {verdict.score:.2f}" + (f" ({others})" if others else ""), "dim"))


def _reasons(verdict: Verdict) -> Text:
    words = [] if verdict.flagged is False else reasons(verdict)
    return Text(f"because of {', '.join(words)}" if words else "", style="dim")
