"""Common HTML of scopesift's pages: one self-contained file without scripts."""

from __future__ import annotations

from html import escape
from pathlib import Path

from scopesift_files.atomic import write_atomically

from scopesift_classifiers.pages.style import STYLE

NOTHING_FETCHED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_page(path: Path, title: str, body: str, *, style: str = "") -> None:
    """Write a page; `body` is HTML, `title` is plain text.

    Args:
        path: The file, written atomically.
        title: Title and heading.
        body: HTML below the heading.
        style: Additional CSS.
    """
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{NOTHING_FETCHED}">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>\n"
    )
    content = page.encode("utf-8", "replace")
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def html_table(header: list[str], rows: list[list[str]], *, numbers_from: int) -> str:
    """A table of escaped cells; columns from `numbers_from` on are aligned right."""

    def cells(tag: str, values: list[str]) -> str:
        side = ["" if at < numbers_from else " class=n" for at in range(len(values))]
        return "".join(
            f"<{tag}{end}>{escape(value)}</{tag}>" for end, value in zip(side, values, strict=True)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{cells("th", header)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def folded(summary: str, body: str, *, opened: bool = False) -> str:
    """A collapsible part; `summary` is plain text, `body` HTML."""
    return f"<details{' open' if opened else ''}><summary>{escape(summary)}</summary>{body}</details>"


def section(place: str, title: str, body: str) -> str:
    """A section with a heading and an anchor."""
    return f'<section><h2 id="{escape(place)}">{escape(title)}</h2>{body}</section>'
