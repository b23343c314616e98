"""One operation of the OpenAPI document: a method of a path, its request, and all its responses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scopesift_service.apis.openapi.parts import Schema, reference
from scopesift_service.http.route import ADMIN, ANYONE, KEY

JSON = "application/json"
REASONS = {
    200: "The answer.", 201: "Created.", 400: "The request doesn't match the schema.",
    401: "Key or token missing or wrong.",
    403: "Not allowed here.", 404: "Not found.", 408: "The body arrived too slowly.",
    409: "Another change or steering is in progress.",
    413: "Over a limit.", 415: "Not plain JSON.", 422: "Well formed, but it can't be processed.",
    429: "Too many requests in flight.",
    500: "Internal error.", 503: "Not ready, or timed out.",
}  # fmt: skip
RETRY_AFTER = frozenset({408, 409, 429, 503})
KEYS: list[dict[str, list[str]]] = [{"bearer": []}, {"apiKey": []}, {"googleKey": []}, {"queryKey": []}]
PARAMETERS = {
    "name": {"description": "A loaded classifier.", "schema": {"type": "string"}, "example": "toxicity"},
}


@dataclass(frozen=True)
class Query:
    """A parameter of the query, which may be left out.

    Attributes:
        name: Its name.
        description: What it does.
        schema: Its values.
    """

    name: str
    description: str
    schema: Schema


@dataclass(frozen=True)
class Example:
    """A request and its answer, as the default scope gave it.

    Attributes:
        summary: What it shows.
        request: The body; None for a method without one.
        answer: The answer's body: JSON, or text of another content type.
        status: The answer's status.
    """

    summary: str
    request: Any
    answer: Any
    status: int = 200


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    Attributes:
        path: With placeholders such as {name}.
        method: "get" or "post".
        name: The operation's id.
        tag: Its group.
        summary: A few words.
        description: Markdown.
        answer: Name of the answer's schema; None for another content type than JSON.
        request: Name of the request's schema, if it has a body.
        failures: Statuses of errors.
        answers: Statuses of answers.
        error: Name of the error's schema.
        access: `ANYONE`, `KEY` or `ADMIN`.
        content_type: Of the answer.
        query: Parameters of the query.
    """

    path: str
    method: str
    name: str
    tag: str
    summary: str
    description: str
    answer: str | None = None
    request: str | None = None
    failures: Sequence[int] = ()
    answers: Sequence[int] = (200,)
    error: str = "Error"
    access: str = ANYONE
    content_type: str = JSON
    query: Sequence[Query] = ()

    def item(self, examples: Sequence[Example], *, keys_needed: bool) -> dict[str, Any]:
        """The operation in OpenAPI's format.

        Args:
            examples: Its examples.
            keys_needed: Whether the service asks for a key.
        """
        denied = [401] if self.access == KEY and keys_needed else []
        item: dict[str, Any] = {
            "operationId": self.name, "tags": [self.tag], "summary": self.summary, "description": self.description,
            "responses": {
                **{str(status): self._answer(status, examples) for status in self.answers},
                **{str(status): _failure(status, self.error) for status in sorted({*self.failures, *denied})},
            },
        }  # fmt: skip
        parameters: list[dict[str, Any]] = [
            {"name": name, "in": "path", "required": True, **PARAMETERS[name]}
            for name in re.findall(r"\{(\w+)\}", self.path)
        ]
        parameters += [
            {"name": one.name, "in": "query", "description": one.description, "schema": one.schema}
            for one in self.query
        ]
        if parameters:
            item["parameters"] = parameters
        if self.request:
            shown = {
                _key(at): {"summary": one.summary, "value": one.request} for at, one in enumerate(examples)
            }
            content = {"schema": reference(self.request), **({"examples": shown} if shown else {})}
            item["requestBody"] = {"required": True, "content": {JSON: content}}
        if self.access == ADMIN:
            item["security"] = [{"admin": []}]
        elif self.access == KEY and keys_needed:
            item["security"] = KEYS
        return item

    def _answer(self, status: int, examples: Sequence[Example]) -> dict[str, Any]:
        schema: Schema = reference(self.answer) if self.answer else {"type": "string"}
        if self.answer is None and self.content_type == JSON:
            schema = {"type": "object"}
        shown = {
            _key(at): {"summary": one.summary, "value": one.answer}
            for at, one in enumerate(examples)
            if one.status == status
        }
        content = {"schema": schema, **({"examples": shown} if shown else {})}
        return _response(status, {self.content_type: content})


def _key(at: int) -> str:
    """Name of an example, the same in the request and the response, by which viewers show the pair together."""
    return f"example{at + 1}"


def _failure(status: int, schema: str) -> dict[str, Any]:
    return _response(status, {JSON: {"schema": reference(schema)}})


def _response(status: int, content: dict[str, Any]) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": {"schema": {"type": "string"}}}
    if status in RETRY_AFTER:
        headers["Retry-After"] = {"schema": {"type": "integer"}}
    return {"description": REASONS[status], "headers": headers, "content": content}
