"""The two forms of a card: Markdown, and the JSON that ROOST Coop reads.

Coop's form is that of `ModelCard` in its package `@roostorg/types`: `{"modelName", "version", "sections": [{"id",
"title", "fields": [{"label", "value"}], "subsections": [{"title", "fields"}]}]}`, all values strings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from scopesift_classifiers.model_cards.card import Fact, ModelCard, Section, Table

_MARKUP = re.compile(r"[\\`*\[\]<|~&]|(?<!\w)_|_(?!\w)")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def as_markdown(card: ModelCard) -> str:
    """The card as Markdown with GitHub's tables; names from the artifact cannot add markup or lines."""
    lines = [
        f"# {_escaped(card.name)}",
        "",
        f"Version {_escaped(card.version)}. Written from the artifact alone.",
    ]
    for section in card.sections:
        lines += ["", f"## {section.title}", ""]
        lines += [f"- **{_escaped(fact.label)}**: {_escaped(fact.value)}" for fact in section.facts]
        for table in section.tables:
            lines += [
                "",
                f"### {_escaped(table.title)}",
                "",
                _line(table.header),
                _line(["---"] * len(table.header)),
            ]
            lines += [_line([_escaped(cell) for cell in row]) for row in table.rows]
    return "\n".join(lines) + "\n"


def as_coop(card: ModelCard) -> str:
    """The card as Coop's JSON; a table is a subsection with a field for each row. The date of release is left out."""
    content = {
        "modelName": _plain(card.name),
        "version": card.version,
        "sections": [_coop_section(section) for section in card.sections],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


FORMS: dict[str, Callable[[ModelCard], str]] = {"markdown": as_markdown, "coop": as_coop}
"""The text of a card, by the form's name."""


def _coop_section(section: Section) -> dict[str, Any]:
    tables = [{"title": _plain(table.title), "fields": _coop_rows(table)} for table in section.tables]
    return {
        "id": section.id,
        "title": section.title,
        "fields": [_coop_field(fact) for fact in section.facts],
        **({"subsections": tables} if tables else {}),
    }


def _coop_rows(table: Table) -> list[dict[str, str]]:
    """A field for each row: its first cell, then the others with their columns' names."""
    return [
        _coop_field(
            Fact(
                row[0],
                "; ".join(f"{name}: {cell}" for name, cell in zip(table.header[1:], row[1:], strict=True)),
            )
        )
        for row in table.rows
    ]


def _coop_field(fact: Fact) -> dict[str, str]:
    return {"label": _plain(fact.label), "value": _plain(fact.value)}


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(value: str) -> str:
    """On one line, without characters that a terminal would obey or UTF-8 lacks."""
    return "".join(char if char.isprintable() else _REPLACEMENT for char in " ".join(value.split()))


def _escaped(value: str) -> str:
    """As `_plain`, with Markdown's own characters escaped."""
    return _MARKUP.sub(lambda found: "\\" + found[0], _plain(value))
