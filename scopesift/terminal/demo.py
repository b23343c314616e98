"""The demo's table: verdicts of the service beside those of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text
from scopesift_classifiers.artifact.classifier import LANGUAGE
from scopesift_classifiers.judging.verdict import Verdict

from scopesift.demo_sentences import Sentence
from scopesift.terminal.verdicts import marked, reasons

TOXICITY = "toxicity"


def is_right(sentence: Sentence, name: str, verdict: Verdict) -> bool:
    """Whether a verdict is correct.

    Args:
        sentence: The sentence.
        name: "toxicity" or "language".
        verdict: Verdict of that classifier; for a sentence in two languages either is correct.
    """
    return verdict.flagged == sentence.toxic if name == TOXICITY else verdict.label in sentence.languages


def count_line(sentences: Sequence[Sentence], answers: Sequence[Mapping[str, Verdict]]) -> str:
    """Numbers of correct verdicts: "toxicity 15 of 16 right, language 16 of 16"."""
    right = {
        name: sum(is_right(s, name, answer[name]) for s, answer in zip(sentences, answers, strict=True))
        for name in (TOXICITY, LANGUAGE)
    }
    n = len(sentences)
    return f"toxicity {right[TOXICITY]} of {n} right, language {right[LANGUAGE]} of {n}"


def demo_table(sentences: Sequence[Sentence], answers: Sequence[Mapping[str, Verdict]]) -> Table:
    """One row per sentence: verdict and correct verdict of toxicity and language, the other verdicts, and the evidence.

    Args:
        sentences: The sentences.
        answers: Verdicts of each by classifier name.
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("text", ratio=1, overflow="fold")
    for name in (TOXICITY, "expected", LANGUAGE, "expected"):
        table.add_column(name, no_wrap=True)
    for sentence, answer in zip(sentences, answers, strict=True):
        expected = {TOXICITY: "toxic" if sentence.toxic else "clean", LANGUAGE: "/".join(sentence.languages)}
        cells: list[Text] = []
        for name, person in expected.items():
            verdict = answer[name]
            right = is_right(sentence, name, verdict)
            said = Text.assemble(verdict.label, (f" {verdict.score:.2f}", "dim"))
            cells += [said, Text(f"{person} {'✓' if right else '✗'}", style="green" if right else "bold red")]
        shown = marked(sentence.text, answer)
        shown.append(f"\n{_also(answer)}", style="dim")
        table.add_row(shown, *cells)
    return table


def _also(answer: Mapping[str, Verdict]) -> str:
    """The other classifiers' verdicts, and the evidence of a toxic verdict."""
    parts = [
        f"{name} {verdict.label} {verdict.score:.2f}"
        for name, verdict in answer.items()
        if name not in (TOXICITY, LANGUAGE)
    ]
    toxicity = answer[TOXICITY]
    if toxicity.flagged and toxicity.evidence:
        parts.append("toxic because of " + ", ".join(reasons(toxicity)))
    return "; ".join(parts)
