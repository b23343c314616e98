"""Markdown tables and numbers as the project shows them."""

from __future__ import annotations


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A table; the first row is its header."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def three(value: float | None) -> str:
    """Three decimals, or a dash for None."""
    return "–" if value is None else f"{value:.3f}"


def three_digits(value: float) -> str:
    """A number with three digits, or all before the point."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
