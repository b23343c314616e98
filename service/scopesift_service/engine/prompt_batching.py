"""Batching without waiting: the engine takes whatever has gathered as soon as it is free.

BentoML's adaptive batching holds a call back for about as long as calls waited before, in the hope of company. After
an overload that is a third of a second for a lone call, and its training holds back the first calls too. While our
engine works on one batch the next one gathers by itself, so nothing is won by waiting. There is no setting for it.
"""

from __future__ import annotations

from bentoml._internal.marshal import dispatcher

# how often a busy engine's queue looks whether it is free again; BentoML's 1 ms takes time from the engine
TICK_SECONDS = 0.005


class PromptOptimizer(dispatcher.Optimizer):
    """Never learns to wait: both the expected wait and the expected duration stay 0."""

    def __init__(self, max_latency: float) -> None:
        super().__init__(max_latency)
        self.o_a = self.o_b = 0.0

    def trigger_refresh(self) -> None:
        """Learn nothing."""


def batch_promptly() -> None:
    """Give every batching queue that this process makes from now on our optimizer."""
    dispatcher.Optimizer = PromptOptimizer  # type: ignore[misc]
    dispatcher.CorkDispatcher.TICKET_INTERVAL = TICK_SECONDS
