"""HTTP requests and responses of the routes."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from scopesift_service.http.json_body import parse_object


@dataclass
class Call:
    """A request with its body.

    Attributes:
        method: GET, POST, …; HEAD is handled as GET.
        path: Percent-decoded.
        parts: Values of the route's placeholders.
        query: The raw query; may hold a key, so never log it.
        headers: Lower-case names.
        scheme: http or https.
        request_id: Safe to log and to send back.
        body: Raw bytes.
        admin: Name of the holder of its admin token; "": the route needs none.
        note: Additional log fields, set by the routes.
    """

    method: str
    path: str
    parts: dict[str, str]
    query: str
    headers: dict[str, str]
    scheme: str
    request_id: str
    body: bytes = b""
    admin: str = ""
    note: dict[str, Any] = field(default_factory=dict)

    def query_values(self, name: str) -> list[str]:
        """Values of a query parameter."""
        return parse_qs(self.query, max_num_fields=64).get(name, []) if self.query else []

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            ServiceError: 400.
        """
        return parse_object(self.body)


@dataclass
class Answer:
    """Status, body and headers."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Coroutine[Any, Any, Answer]]


def json_answer(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of UTF-8 JSON."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # only a lone surrogate in a field's name, quoted by an error, is not valid in UTF-8
    return Answer(body.encode("utf-8", "replace"), status, headers=headers or {})
