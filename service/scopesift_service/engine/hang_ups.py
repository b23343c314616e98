"""Cancels requests whose client has disconnected, and removes them from the engine's queue.

Neither uvicorn nor BentoML cancels such requests; without this, a call cancelled in the HTTP process would leave its
texts in the engine's queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

from bentoml._internal.marshal import dispatcher

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
GONE = 499


class CancelOnHangUp:
    """ASGI middleware: cancels a request when its client disconnects."""

    def __init__(self, app: Callable[[Message, Receive, Send], Coroutine[Any, Any, None]]) -> None:
        """Wrap an application.

        Args:
            app: ASGI.
        """
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        messages: asyncio.Queue[Message] = asyncio.Queue()

        async def next_message() -> Message:
            message = await messages.get()
            if message["type"] == "http.disconnect":
                messages.put_nowait(message)  # repeated calls of `receive` get it again, as with servers
            return message

        async def listen() -> None:
            while True:
                messages.put_nowait(message := await receive())
                if message["type"] == "http.disconnect":
                    working.cancel()
                    return

        sent = []

        async def note(message: Message) -> None:
            sent.append(message["type"])
            await send(message)

        working = asyncio.create_task(self._app(scope, next_message, note))
        listening = asyncio.create_task(listen())
        try:
            await asyncio.wait([working])
            if not working.cancelled():
                working.result()
            if listening.done() and not sent:
                # BentoML's timer waits for a response, so send one
                await send({"type": "http.response.start", "status": GONE, "headers": []})
                await send({"type": "http.response.body", "body": b""})
        finally:
            listening.cancel()
            working.cancel()


async def inbound_call(queue: dispatcher.CorkDispatcher[Any, Any], data: Any) -> Any:
    """Like BentoML's own, but a call that is cancelled while queued is removed from the queue.

    Its answer is an empty list, which is not read: BentoML would turn a cancelled call into an error and log it.
    """
    try:
        return await _inbound_call(queue, data)
    except asyncio.CancelledError:
        for job in [job for job in queue._queue if job.data is data]:
            queue._queue.remove(job)
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            raise  # cancelled by the queue at shutdown, not by the caller
        return []


_inbound_call = dispatcher.CorkDispatcher.inbound_call


def drop_cancelled_calls() -> None:
    """Make all batching queues that this process creates from now on drop cancelled calls."""
    dispatcher.CorkDispatcher.inbound_call = inbound_call  # type: ignore[method-assign]
