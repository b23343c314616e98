"""The playground at `/`: its parts joined to one page, and its Content-Security-Policy."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PARTS = Path(__file__).parent
STYLES = ("colours.css", "layout.css", "reading.css", "verdicts.css")
SCRIPTS = (
    "dom.js",
    "code_points.js",
    "api.js",
    "features.js",
    "card.js",
    "reading.js",
    "verdicts.js",
    "classifiers.js",
    "examples_text.js",
    "transfer.js",
    "examples.js",
    "main.js",
)


@dataclass(frozen=True)
class PlaygroundPage:
    """Response of `GET /`.

    Attributes:
        body: The page, UTF-8.
        headers: Its content type and Content-Security-Policy.
    """

    body: bytes
    headers: dict[str, str]


@cache
def page() -> PlaygroundPage:
    """Join the parts; the policy allows only the script and style with the page's hashes."""
    style = "\n".join(_part(name) for name in STYLES)
    script = "\n".join(('"use strict";', *(_part(name) for name in SCRIPTS)))
    body = _part("index.html").replace("/*style*/", style).replace("/*script*/", script)
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


def _part(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
