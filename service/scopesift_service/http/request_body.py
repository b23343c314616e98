"""Reading of a request's body: limits, draining after an error, detection of disconnected clients."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TypeVar

from scopesift_service.http.errors import ServiceError

Result = TypeVar("Result")
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

DRAIN_BYTES = 32 << 20
DRAIN_SECONDS = 5.0


class ClientGone(Exception):  # noqa: N818
    """The client disconnected."""


class RequestBody:
    """One request's body.

    Attributes:
        ended: Whether all of it has arrived.
    """

    def __init__(self, headers: Mapping[str, str], receive: Receive) -> None:
        """Read nothing yet.

        Args:
            headers: Lower-case names.
            receive: The ASGI channel.
        """
        self._headers = headers
        self._receive = receive
        self.ended = False
        # a client that sends Expect: 100-continue gets the error instead of sending the body
        self._held_back = headers.get("expect", "").lower() == "100-continue"

    async def read(self, limit: int, seconds: float) -> bytes:
        """Read the body, counting the bytes that arrive.

        Args:
            limit: Largest size in bytes.
            seconds: Time limit for sending it.

        Raises:
            ServiceError: 415 for another content type or any content encoding, 413 over the limit, 408 too slow.
            ClientGone: The client disconnected.
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

    async def whole(self) -> bytes:
        """The body, of any size; for callers that are trusted.

        Raises:
            ClientGone: The client disconnected.
        """
        chunks: list[bytes] = []
        while not self.ended:
            chunks.append(await self._next())
        return b"".join(chunks)

    async def while_connected(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Await work, cancelling it if the client disconnects.

        Neither uvicorn nor BentoML does that.

        Raises:
            ClientGone: The client disconnected.
        """
        working, gone = asyncio.create_task(work), asyncio.create_task(self.gone())
        try:
            await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise ClientGone
            return working.result()
        finally:
            working.cancel()
            gone.cancel()
            await asyncio.gather(working, gone, return_exceptions=True)

    async def drain(self) -> bool:
        """Read and discard the rest, so that a client that reads only after sending gets the response.

        A socket that is closed with unread bytes is reset, and the client may then lose the response.

        Returns:
            Whether the body has ended; if not, after `DRAIN_BYTES` or `DRAIN_SECONDS`, the connection must be closed.

        Raises:
            ClientGone: The client disconnected.
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
        """Return when the client has disconnected; bytes that it still sends are discarded."""
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
                "compressed bodies are not supported; send the JSON without Content-Encoding",
                code="content_encoding",
            )
        media_type = self._headers.get("content-type", "").split(";")[0].strip().lower()
        if media_type != "application/json" and not (
            media_type.startswith("application/") and media_type.endswith("+json")
        ):
            raise ServiceError(415, "expected Content-Type: application/json; other bodies are not supported")


def _too_large(limit: int) -> ServiceError:
    return ServiceError(413, f"the body is over the limit of {limit} bytes; send fewer or shorter texts")
