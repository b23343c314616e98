"""Load generator in its own process: `python -m bench.service.client` with a `Load` as JSON on stdin."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from typing import Any

from scopesift_service.http import paths

from bench.service.texts import post_texts

HOST = "127.0.0.1"
BODIES = 200
REFUSED_PAUSE = 0.05
ONE = "one"
CLOSED = "closed"
OPEN = "open"


@dataclass(frozen=True)
class Load:
    """A load.

    Attributes:
        port: Of the service.
        mode: "one" at a time, "closed" (each client sends the next call after an answer), or "open" (at random times,
            independent of answers).
        seconds: Duration of sending; all answers are awaited.
        texts: Texts per call.
        clients: Of a closed load.
        rate: Calls per second of an open load.
        core: CPU core of this process; None: any.
    """

    port: int
    mode: str
    seconds: float
    texts: int
    clients: int = 1
    rate: float = 0.0
    core: int | None = None

    def to_json(self) -> str:
        """For stdin."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Sample:
    """One call: when it was sent (seconds since the start), how long it took, and its status (0: no answer)."""

    sent: float
    seconds: float
    status: int


class Connections:
    """A pool of keep-alive connections, one per call in flight."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, body: bytes, path: str = paths.CLASSIFY) -> tuple[int, bytes]:
        """POST; (status, answer), status 0 if the connection broke."""
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        # the server may have closed an idle connection; try the next one, as HTTP clients do
        while self._idle:
            answer = await self._exchange(*self._idle.pop(), request)
            if answer is not None:
                return answer
        try:
            fresh = await asyncio.open_connection(HOST, self._port, limit=1 << 24)
        except OSError:
            return 0, b""
        return await self._exchange(*fresh, request) or (0, b"")

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
    ) -> tuple[int, bytes] | None:
        try:
            writer.write(request)
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
            answer = await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return None
        if "connection: close" in lines:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(lines[0].split()[1]), answer


async def apply_load(load: Load) -> list[Sample]:
    """Send the load and wait for every answer."""
    posts = post_texts(BODIES * load.texts, seed=load.texts)
    bodies = [
        json.dumps({"texts": posts[at : at + load.texts]}).encode() for at in range(0, len(posts), load.texts)
    ]
    connections = Connections(load.port)
    samples: list[Sample] = []
    began = time.perf_counter()

    async def call(number: int) -> int:
        sent = time.perf_counter()
        status, _ = await connections.ask(bodies[number % BODIES])
        samples.append(Sample(sent - began, time.perf_counter() - sent, status))
        return status

    async def client(number: int) -> None:
        while time.perf_counter() - began < load.seconds:
            if await call(number) != 200:
                await asyncio.sleep(REFUSED_PAUSE)
            number += load.clients

    if load.mode == OPEN:
        await _open_load(load, began, call)
    else:
        await asyncio.gather(
            *(client(number) for number in range(load.clients if load.mode == CLOSED else 1))
        )
    return samples


async def _open_load(load: Load, began: float, call: Callable[[int], Coroutine[Any, Any, int]]) -> None:
    chance = random.Random(0)  # noqa: S311
    tasks: list[asyncio.Task[int]] = []
    due = 0.0
    while (due := due + chance.expovariate(load.rate)) < load.seconds:
        await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
        tasks.append(asyncio.create_task(call(len(tasks))))
    await asyncio.gather(*tasks)


def main() -> None:
    """Read the load, apply it, write the samples."""
    load = Load(**json.load(sys.stdin))
    if load.core is not None:
        os.sched_setaffinity(0, {load.core})
    samples = asyncio.run(apply_load(load))
    json.dump([[item.sent, item.seconds, item.status] for item in samples], sys.stdout)


if __name__ == "__main__":
    main()
