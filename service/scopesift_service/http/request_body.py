"""A request's body as it arrives: read within its limits, drained for a refusal, and how one learns of a hang-up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from scopesift_service.http.errors import ServiceError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

DRAIN_BYTES = 32 << 20
DRAIN_SECONDS = 5.0


class ClientGone(Exception):  # noqa: N818
    """The caller hung up; there is nobody to answer."""


class RequestBody:
    """One request's body.

    Attributes:
        ended: Whether all of it has arrived.
    """

    def __init__(self, headers: Mapping[str, str], receive: Receive) -> None:
        """Nothing is read yet.

        Args:
            headers: Lower-case names.
            receive: The ASGI channel.
        """
        self._headers = headers
        self._receive = receive
        self.ended = False
        # whoever asks first whether to send the body gets the refusal in its place
        self._held_back = headers.get("expect", "").lower() == "100-continue"

    async def read(self, limit: int, seconds: float) -> bytes:
        """Read JSON, counting what really arrives.

        Args:
            limit: Most bytes.
            seconds: How long the caller may take to send them.

        Raises:
            ServiceError: 415 for another content type or any content encoding, 413 over the limit, 408 too slow.
            ClientGone: The caller hung up.
        """
        self._check_type()
        declared = self._headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
            raise _too_large(limit)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(seconds):
                while not self.ended:
                    chunks.append(await self._next())
                    size += len(chunks[-1])
                    if size > limit:
                        raise _too_large(limit)
        except TimeoutError:
            raise ServiceError(408, f"the body did not arrive within {seconds:g} s; send it again") from None
        return b"".join(chunks)

    async def drain(self) -> bool:
        """Read and forget the rest, so that a client that sends all before it listens gets to see a refusal.

        A socket that is closed on unread bytes is reset, and the reset overtakes the answer.

        Returns:
            Whether the body has ended; if not, after `DRAIN_BYTES` or `DRAIN_SECONDS`, the connection must be closed.

        Raises:
            ClientGone: The caller hung up.
        """
        if self._held_back:
            return False
        size = 0
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self.ended and size < DRAIN_BYTES:
                    size += len(await self._next())
        except TimeoutError:
            return False
        return self.ended

    async def gone(self) -> None:
        """Return when the caller has hung up; whatever it still sends is forgotten."""
        with suppress(ClientGone):
            while True:
                await self._next()

    async def _next(self) -> bytes:
        self._held_back = False
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        self.ended = self.ended or not message.get("more_body", False)
        chunk: bytes = message.get("body", b"")
        return chunk

    def _check_type(self) -> None:
        if self._headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise ServiceError(
                415,
                "compressed bodies are not read; send the JSON without Content-Encoding",
                code="content_encoding",
            )
        media_type = self._headers.get("content-type", "").split(";")[0].strip().lower()
        if media_type != "application/json" and not (
            media_type.startswith("application/") and media_type.endswith("+json")
        ):
            raise ServiceError(415, "expected Content-Type: application/json; only JSON bodies are read")


def _too_large(limit: int) -> ServiceError:
    return ServiceError(413, f"the body is over the limit of {limit} bytes; send fewer or shorter texts")
