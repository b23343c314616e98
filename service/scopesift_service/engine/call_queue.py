"""The engine's queue: calls are tokenised beside the model, admitted by tokens, and run together in turns.

While the model runs one turn the next one collects, so no call is delayed to get larger turns. A call whose client hung
up leaves the queue.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from scopesift_service.engine.pace import Pace

TOKENISING_THREADS = 2
FIRST_TOKENS_A_CHARACTER = 0.3
RATIO_CALLS = 16
"""Calls over which the ratio of tokens and characters is averaged."""


class Tokenised(Protocol):
    """What the queue knows of a tokenised call."""

    @property
    def tokens(self) -> int: ...  # noqa: D102


Item = TypeVar("Item")
Texts = TypeVar("Texts", bound=Tokenised)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class QueueLimits:
    """Limits of the queue.

    Attributes:
        queued_tokens: Tokens in flight, waiting and running, above which calls are refused.
        wait: Seconds of work in flight, at the current throughput, above which calls are refused.
        turn_tokens: Tokens of a turn; a longer call gets its own.
    """

    queued_tokens: int
    wait: float
    turn_tokens: int


class QueueFull(Exception):  # noqa: N818
    """Too many tokens are in flight."""


@dataclass(eq=False)
class _Call(Generic[Item, Texts, Answer]):
    items: Sequence[Item]
    texts: Texts
    tokens: int
    answers: asyncio.Future[Sequence[Answer]]


class CallQueue(Generic[Item, Texts, Answer]):
    """Runs calls in turns, in the order of their arrival; belongs to one event loop."""

    def __init__(
        self,
        size: Callable[[Sequence[Item]], int],
        tokenise: Callable[[Sequence[Item]], Texts],
        run: Callable[[Sequence[Item], Sequence[Texts]], Sequence[Answer]],
        limits: QueueLimits,
    ) -> None:
        """Set what runs.

        Args:
            size: Characters of a call's items, from which its tokens are estimated before they are counted.
            tokenise: Tokenises the items of a call; called in threads.
            run: Answers the items of several calls; called in one thread.
            limits: Limits of the queue.
        """
        self._size = size
        self._tokenise = tokenise
        self._run = run
        self._limits = limits
        self._pace = Pace()
        self._tokenisers = ThreadPoolExecutor(TOKENISING_THREADS, thread_name_prefix="tokenise")
        self._model = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._waiting: deque[_Call[Item, Texts, Answer]] = deque()
        self._running: asyncio.Task[None] | None = None
        self._tokens_a_character = FIRST_TOKENS_A_CHARACTER
        self.tokens = 0
        """Tokens in flight."""

    async def ask(self, items: Sequence[Item]) -> Sequence[Answer]:
        """The answers for the items of one call.

        Raises:
            QueueFull: Too many tokens are in flight; one call is always admitted.
        """
        size = self._size(items)
        estimate = round(size * self._tokens_a_character)
        self._check(estimate)
        loop = asyncio.get_running_loop()
        self.tokens += estimate
        try:
            texts = await loop.run_in_executor(self._tokenisers, self._tokenise, items)
        finally:
            self.tokens -= estimate
        if size:
            self._tokens_a_character += (texts.tokens / size - self._tokens_a_character) / RATIO_CALLS
        call = _Call(items, texts, texts.tokens, loop.create_future())
        self._waiting.append(call)
        self.tokens += call.tokens
        if self._running is None:
            self._running = asyncio.create_task(self._turns())
        try:
            return await call.answers
        except asyncio.CancelledError:
            if call in self._waiting:
                self._waiting.remove(call)
                self.tokens -= call.tokens
            raise

    def _check(self, tokens: int) -> None:
        """Refuse a call by its estimated tokens: counting those of calls that are refused would cost the others."""
        asked = self.tokens + tokens
        limits = self._limits
        if self.tokens and (asked > limits.queued_tokens or self._pace.seconds(asked) > limits.wait):
            raise QueueFull

    async def _turns(self) -> None:
        """Run turns until nothing waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            calls = self._next_turn()
            tokens = sum(call.tokens for call in calls)
            items = [item for call in calls for item in call.items]
            began = time.monotonic()
            try:
                answers = await loop.run_in_executor(
                    self._model, self._run, items, [call.texts for call in calls]
                )
            except Exception as error:
                for call in calls:
                    if not call.answers.done():
                        call.answers.set_exception(error)
            else:
                begin = 0
                for call in calls:
                    if not call.answers.done():
                        call.answers.set_result(answers[begin : begin + len(call.items)])
                    begin += len(call.items)
            self.tokens -= tokens
            self._pace.ran(tokens, time.monotonic() - began)
        self._running = None

    def _next_turn(self) -> list[_Call[Item, Texts, Answer]]:
        calls = [self._waiting.popleft()]
        room = self._limits.turn_tokens - calls[0].tokens
        while self._waiting and self._waiting[0].tokens <= room:
            calls.append(self._waiting.popleft())
            room -= calls[-1].tokens
        return calls
