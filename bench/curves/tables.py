"""Tables of the curves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from bench.markdown import markdown, three_digits
from bench.results_file import stored

TITLES = {
    "length": ("tokens of a text", "µs per token"),
    "batch": ("texts of a call", "ms per text of 32 tokens"),
    "classifiers_loaded": ("classifiers", "ms per text of 32 tokens"),
    "features": ("features", "ms per text of 32 tokens"),
    "threads": ("threads", "ms per text of 32 tokens"),
    "blocks": ("blocks", "µs per token, backbone alone"),
}
"""By curve: what is varied, and the unit of its costs."""


def scale(curve: str) -> float:
    """What seconds are multiplied with for the curve's unit."""
    return 1e6 if TITLES[curve][1].startswith("µs") else 1e3


def tables(content: dict[str, Any]) -> dict[str, str]:
    """A table of each curve, by its name.

    Args:
        content: The JSON file's.
    """
    found = {}
    for curve, (axis, unit) in TITLES.items():
        points = content["curves"][curve]
        systems = list(dict.fromkeys(name for costs in points.values() for name in costs))
        rows = [
            [name, *(_shown(costs.get(name), scale(curve)) for costs in points.values())] for name in systems
        ]
        found[curve] = markdown([f"{unit}, by {axis}", *points], rows)
    return found


def stored_tables() -> dict[str, Callable[[], str]]:
    """The tables of the stored result, by their names in documents."""
    return {f"curve_{curve}": partial(_stored, curve) for curve in TITLES}


def _stored(curve: str) -> str:
    content = stored("curves-cpu")
    about = (
        f"Medians of {content['rounds']} rounds, {content['threads']} threads; {content['cores']} cores of "
    )
    return f"{tables(content)[curve]}\n\n{about}{content['device']}, {content['date']}."


def _shown(seconds: float | None, unit: float) -> str:
    return "–" if seconds is None else three_digits(seconds * unit)
