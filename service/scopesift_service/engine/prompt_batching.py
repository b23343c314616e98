"""Batching without delay: the engine takes all queued calls as soon as it is free.

BentoML's adaptive batching delays a call for about as long as earlier calls waited, to get larger batches. After an
overload that is a third of a second for a single call, and its training phase delays the first calls too. While our
engine runs one batch the next one collects anyway, so delays gain nothing. BentoML has no setting for this.
"""

from __future__ import annotations

from bentoml._internal.marshal import dispatcher

# interval in s at which a queue polls a busy engine; BentoML's 1 ms takes time from the engine
TICK_SECONDS = 0.005


class PromptOptimizer(dispatcher.Optimizer):
    """Keeps the expected wait and the expected duration at 0, so that calls are never delayed."""

    def __init__(self, max_latency: float) -> None:
        super().__init__(max_latency)
        self.o_a = self.o_b = 0.0

    def trigger_refresh(self) -> None:
        """Learn nothing."""


def batch_promptly() -> None:
    """Make all batching queues that this process creates from now on use our optimizer."""
    dispatcher.Optimizer = PromptOptimizer  # type: ignore[misc]
    dispatcher.CorkDispatcher.TICKET_INTERVAL = TICK_SECONDS
