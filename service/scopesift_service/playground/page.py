"""The playground's pages: the shell and the parts of a view joined to one document with its Content-Security-Policy."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scopesift_service.playground.views import SHELL_SCRIPTS, SHELL_STYLES, VIEWS, View

PARTS = Path(__file__).parent
SHELL = PARTS / "shell"
_COMMENT = re.compile(r"//.*|/\*((?!\*/).)*\*/")
_PLACE = re.compile(r"<!--(title|nav|view)-->|/\*(style|script)\*/")


@dataclass(frozen=True)
class PlaygroundPage:
    """Response of one of the pages.

    Attributes:
        body: The page, UTF-8.
        headers: Its content type and Content-Security-Policy.
    """

    body: bytes
    headers: dict[str, str]


@cache
def page(view: View) -> PlaygroundPage:
    """Join the parts; the policy allows only the script and style with this page's hashes."""
    folder = PARTS / view.folder
    style = _joined((SHELL, SHELL_STYLES), (folder, view.styles))
    script = '"use strict";\n' + _joined((SHELL, SHELL_SCRIPTS), (folder, view.scripts))
    parts = {
        "title": html.escape(f"{view.name} · scopesift playground"),
        "nav": _links(view),
        "view": _read(folder / "view.html"),
        "style": style,
        "script": script,
    }
    # in one pass: a placeholder inside a part stays as it is
    body = _PLACE.sub(lambda place: parts[place[1] or place[2]], _read(SHELL / "shell.html"))
    policy = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return PlaygroundPage(
        body.encode(),
        {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _links(here: View) -> str:
    """Links to all pages, relative, so that they work below a proxy's prefix."""
    return "\n".join(
        f'<a href=".{view.path}"{" aria-current=page" * (view is here)}>{html.escape(view.name)}</a>'
        for view in VIEWS
    )


def _joined(*folders: tuple[Path, tuple[str, ...]]) -> str:
    return "\n".join(_bare(_read(folder / name)) for folder, names in folders for name in names)


def _bare(code: str) -> str:
    """Scripts or styles without indentation, empty lines and lines of comment: an eighth less to send."""
    return "\n".join(
        line for line in map(str.strip, code.splitlines()) if line and not _COMMENT.fullmatch(line)
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
