"""What a model card is made of: sections of facts and tables, independent of the form it is written in.

After "Model Cards for Model Reporting" (Mitchell et al. 2019, arXiv 1810.03993). The ids of the sections are those that
the moderation tool ROOST Coop requires of a card, and one more for the model itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UNKNOWN = "unknown: the artifact does not record it"
NOT_RECORDED = "unknown"
"""As `UNKNOWN`, in a cell."""
NOTHING = "–"
"""A value that is null in the artifact."""


@dataclass(frozen=True)
class Fact:
    """One line of a section.

    Attributes:
        label: What it is about.
        value: What the artifact says; `UNKNOWN` if nothing.
    """

    label: str
    value: str


@dataclass(frozen=True)
class Table:
    """A table of a section.

    Attributes:
        title: Its title.
        header: C names of columns; the first is the name of what the rows are.
        rows: Rows of C cells.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A section of a card.

    Attributes:
        id: Coop's id of the section, such as "trainingData".
        title: Its heading.
        facts: Its facts, at least one.
        tables: Its tables, below the facts.
    """

    id: str
    title: str
    facts: tuple[Fact, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class ModelCard:
    """A card.

    Attributes:
        name: The classifier's name.
        version: Its version.
        sections: The sections in order.
    """

    name: str
    version: str
    sections: tuple[Section, ...]


def written(value: Any) -> str:
    """A JSON value in words: numbers with four digits, lists with commas, keys of objects before their values."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {written(own)}" for key, own in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(written, value))
    return str(value)


def known(value: Any) -> str:
    """As `written`; `UNKNOWN` for a value that is missing or empty."""
    return UNKNOWN if value is None or value in ("", {}, [], ()) else written(value)


def rate(measured: Mapping[str, Any], metric: str) -> str:
    """A metric with its 95% interval, "0.914 (0.901 to 0.926)"; without the interval if the artifact has none."""
    value = measured.get(metric)
    if value is None:
        return NOTHING
    interval = measured.get("intervals", {}).get(metric)
    return f"{value:.3f}" if interval is None else f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def data_set(described: Mapping[str, Any] | None) -> str:
    """Number and hash of rows, from `{"rows", "sha256"}`."""
    if not described:
        return UNKNOWN
    return f"{written(described.get('rows'))} texts, sha256 {described.get('sha256', UNKNOWN)}"
