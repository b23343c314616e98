"""What nobody waits for any more is not judged: the engine process hears of a hang-up, and empties its queue of it.

Neither uvicorn nor BentoML cancels a request whose client has gone, so an HTTP process that cancels its own call
would leave the texts in the engine's queue.
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
    """ASGI middleware: a request is cancelled when its client hangs up."""

    def __init__(self, app: Callable[[Message, Receive, Send], Coroutine[Any, Any, None]]) -> None:
        """Watch over an application.

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
                messages.put_nowait(message)  # as servers do, however often they are asked
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
                # BentoML's timer waits for an answer, even if nobody else does
                await send({"type": "http.response.start", "status": GONE, "headers": []})
                await send({"type": "http.response.body", "body": b""})
        finally:
            listening.cancel()
            working.cancel()


async def inbound_call(queue: dispatcher.CorkDispatcher[Any, Any], data: Any) -> Any:
    """As BentoML's own, but a call that is cancelled while it waits leaves the queue.

    Its answer is an empty list, which nobody reads: BentoML makes an error of every cancelled call, and logs it.
    """
    try:
        return await _inbound_call(queue, data)
    except asyncio.CancelledError:
        for job in [job for job in queue._queue if job.data is data]:
            queue._queue.remove(job)
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            raise  # not the caller but the queue gave up, at its end
        return []


_inbound_call = dispatcher.CorkDispatcher.inbound_call


def drop_cancelled_calls() -> None:
    """Let every batching queue that this process makes from now on forget cancelled calls."""
    dispatcher.CorkDispatcher.inbound_call = inbound_call  # type: ignore[method-assign]
