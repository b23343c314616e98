"""A request's body: read within its limits, and parsed as strict JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from scopesift_service.errors import ServiceError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGone(Exception):  # noqa: N818
    """The caller hung up; there is nobody to answer."""


async def read_body(headers: dict[str, str], receive: Receive, limit: int, seconds: float) -> bytes:
    """Read a JSON body, counting what really arrives.

    Args:
        headers: Lower-case names.
        receive: The ASGI channel.
        limit: Most bytes.
        seconds: How long the caller may take to send them.

    Raises:
        ServiceError: 415 for another content type or any content encoding, 413 over the limit, 408 too slow.
        ClientGone: The caller hung up.
    """
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise ServiceError(
            415,
            "compressed bodies are not read; send the JSON without Content-Encoding",
            code="content_encoding",
        )
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise ServiceError(415, "expected Content-Type: application/json; only JSON bodies are read")
    declared = headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            return await _receive_all(receive, limit)
    except TimeoutError:
        raise ServiceError(408, f"the body did not arrive within {seconds:g} s; send it again") from None


async def _receive_all(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def parse_json(body: bytes) -> Any:
    """Parse strict JSON: UTF-8, no NaN or Infinity, any nesting that a parser should bear.

    Raises:
        ServiceError: 400; the message quotes nothing of the body.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ServiceError(
            400, f"the body is not UTF-8 (byte {error.start}); send UTF-8 JSON", code="invalid_json"
        ) from None
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ServiceError(
            400, f"the body is not JSON: {error.msg} at character {error.pos}", code="invalid_json"
        ) from None
    except (RecursionError, ValueError):
        raise ServiceError(
            400,
            "the body is not JSON that is read here: too deep, or a number out of range",
            code="invalid_json",
        ) from None


def parse_object(body: bytes) -> dict[str, Any]:
    """Parse strict JSON that must be an object.

    Raises:
        ServiceError: 400.
    """
    content = parse_json(body)
    if not isinstance(content, dict):
        raise ServiceError(400, f"expected a JSON object, got {json_type(content)}")
    return content


def json_type(value: Any) -> str:
    """What a JSON value is called."""
    if value is None:
        return "null"
    names: dict[type, str] = {
        bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object",
    }  # fmt: skip
    return names.get(type(value), "something else")


def _refuse_constant(_name: str) -> None:
    raise ValueError


def _too_large(limit: int) -> ServiceError:
    return ServiceError(413, f"the body is over the limit of {limit} bytes; send fewer or shorter texts")
