"""A lone call is not held back in the hope of company, whatever happened before."""

import asyncio
import time

import pytest

pytest.importorskip("bentoml")


WAITED = 0.4


async def after_overload(dispatcher):
    """Seconds that a lone call takes after 60 batches whose calls had waited for `WAITED`."""

    async def work(items):
        return items

    ask = dispatcher(work)
    for number in range(40):  # more than BentoML's training takes
        await ask([number])
    for _ in range(60):
        dispatcher.optimizer.log_outbound(n=10, wait=WAITED, duration=0.01)
    dispatcher.optimizer.trigger_refresh()
    began = time.perf_counter()
    await ask([0])
    dispatcher.shutdown()
    return time.perf_counter() - began


def make(monkeypatch, prompt):
    from bentoml._internal.marshal import dispatcher as bentoml_dispatcher
    from scopesift_service.engine.prompt_batching import PromptOptimizer

    if prompt:
        monkeypatch.setattr(bentoml_dispatcher, "Optimizer", PromptOptimizer)
    else:
        monkeypatch.setattr(bentoml_dispatcher, "Optimizer", PromptOptimizer.__mro__[1])
    return bentoml_dispatcher.CorkDispatcher(
        600_000, 10, fallback=lambda: None, get_batch_size=len, batch_dim=(0, 0)
    )


def test_a_lone_call_after_an_overload_is_answered_at_once(monkeypatch):
    assert asyncio.run(after_overload(make(monkeypatch, prompt=True))) < WAITED / 2


def test_bentomls_own_optimizer_would_hold_it_back(monkeypatch):
    """Where this fails BentoML has mended it, and prompt_batching can go."""
    assert asyncio.run(after_overload(make(monkeypatch, prompt=False))) > WAITED / 2


def test_the_engine_service_uses_it():
    from bentoml._internal.marshal import dispatcher
    from scopesift_service.engine import service as engine_service  # noqa: F401
    from scopesift_service.engine.prompt_batching import PromptOptimizer

    assert dispatcher.Optimizer is PromptOptimizer
