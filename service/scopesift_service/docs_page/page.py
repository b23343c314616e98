"""The page at /docs: Swagger UI on our OpenAPI document, from this server alone.

Swagger UI's script and style are those that BentoML ships for its own page, so nothing comes from another host.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from scopesift_service.http.call import Answer
from scopesift_service.http.errors import ServiceError

OURS = Path(__file__).parent
SWAGGER = "_internal/server/static_content"
"""Their folder in the package bentoml."""
KINDS = {".css": "text/css", ".js": "text/javascript", ".html": "text/html"}
OUR_FILES = ("page.css", "start.js")
SWAGGER_FILES = ("swagger-ui.css", "swagger-ui-bundle.js")
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # Swagger UI writes style attributes
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


def docs_page() -> Answer:
    """The page, which loads the files below and /openapi.json."""
    policy = "; ".join(f"{name} {value}" for name, value in POLICY.items())
    return Answer(
        _read("index.html"),
        content_type=_kind("index.html"),
        headers={"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"},
    )


def docs_file(name: str) -> Answer:
    """A script or style of the page.

    Raises:
        ServiceError: 404 for another name.
    """
    if name not in (*OUR_FILES, *SWAGGER_FILES):
        raise ServiceError(404, "the documentation has no such file; GET /docs shows it")
    return Answer(_read(name), content_type=_kind(name), headers={"Cache-Control": "max-age=3600"})


def _kind(name: str) -> str:
    return f"{KINDS[Path(name).suffix]}; charset=utf-8"


@cache
def _read(name: str) -> bytes:
    if name in SWAGGER_FILES:
        return (files("bentoml") / SWAGGER / name).read_bytes()
    return (OURS / name).read_bytes()
