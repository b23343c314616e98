"""A page that shows one text with the words marked that decided its verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from scopesift_classifiers.page import html_table, write_page
from scopesift_classifiers.verdict import Verdict


def write_explanation(
    path: Path, text: str, answer: Mapping[str, Verdict], scope: str, versions: Mapping[str, str]
) -> None:
    """Write the page.

    Args:
        path: The file, replaced whole.
        text: The text that was judged.
        answer: A verdict by classifier name.
        scope: Id of the scope.
        versions: Version by classifier name.
    """
    parts = [f'<p class="dim">scope {escape(scope)}</p>']
    for name, verdict in answer.items():
        parts.append(
            f"<h2>{escape(name)}: {escape(verdict.label)} <span class=dim>{verdict.score:.2f}</span></h2>"
        )
        parts.append(f'<p class="text" dir="auto">{marked_text(text, verdict)}</p>')
        rows = [
            [
                str(item.layer),
                str(item.feature),
                item.name,
                item.text,
                f"{item.activation:.2f}",
                f"{item.threshold:g}",
            ]
            for item in verdict.evidence
        ]
        header = ["layer", "feature", "usually on", "here on", "activation", "threshold"]
        parts.append(html_table(header, rows, numbers_from=4) if rows else "<p>No feature fires.</p>")
        parts.append(
            f'<p class="dim">classifier version {escape(versions[name])}, rule {escape(verdict.rule)}</p>'
        )
    write_page(path, "Why scopesift says so", "".join(parts))


def marked_text(text: str, verdict: Verdict) -> str:
    """The text as HTML, with the verdict's evidence marked; overlapping spans are joined."""
    spans: list[list[int]] = []
    for start, end in sorted((item.start, item.end) for item in verdict.evidence):
        if spans and start <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], end)
        else:
            spans.append([start, end])
    out, at = [], 0
    for start, end in spans:
        out.append(f"{escape(text[at:start])}<mark>{escape(text[start:end])}</mark>")
        at = end
    return "".join([*out, escape(text[at:])])
