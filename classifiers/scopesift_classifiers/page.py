"""The look that scopesift's pages share: one self-contained HTML file, no script, nothing fetched."""

from __future__ import annotations

from html import escape
from pathlib import Path

from scopesift_features.atomic_files import write_atomically

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --mark: #e5484d; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
th.n, td.n { text-align: right; } .dim { opacity: .65; font-size: .9rem; }
mark { background: color-mix(in srgb, var(--mark) 28%, transparent); color: inherit; border-radius: .2rem; }
.text { font-size: 1.15rem; padding: 1rem; background: var(--soft); border-radius: .5rem; white-space: pre-wrap;
  overflow-wrap: anywhere; }
.bar { display: inline-block; height: .7rem; background: var(--mark); border-radius: .2rem; vertical-align: middle; }
"""


def write_page(path: Path, title: str, body: str) -> None:
    """Write a page; `body` is HTML, `title` is plain text.

    Args:
        path: The file, replaced whole.
        title: Shown in the tab and as heading.
        body: What stands below the heading.
    """
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>{body}</html>\n"
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
    return f"<table><thead><tr>{cells('th', header)}</tr></thead><tbody>{body}</tbody></table>"
