"""The engine process: a BentoML service behind the HTTP processes, reachable over a unix socket only.

BentoML collects the texts of concurrent calls in batches; the engine sorts each by length and splits it by tokens.
Dependent services accept pickled bodies, so this service must never be served by itself.
"""

from __future__ import annotations

import logging
import os
import pickle
from typing import Annotated, Any

import bentoml
from bentoml.validators import ContentType

from scopesift_service.engine.hang_ups import CancelOnHangUp, drop_cancelled_calls
from scopesift_service.engine.judged import AskedText
from scopesift_service.engine.prompt_batching import batch_promptly
from scopesift_service.request_log import start_logging
from scopesift_service.settings import settings

# the HTTP processes bound the queue; a shorter limit would only cancel calls that they admitted
LONGEST_WAIT_MS = 600_000
# without a stated type BentoML derives the answer's schema for every call, which takes milliseconds
Answers = Annotated[list[Any], ContentType("application/vnd.bentoml+pickle")]
log = logging.getLogger("scopesift.engine")
batch_promptly()
drop_cancelled_calls()


@bentoml.service(
    name="ScopesiftEngine",
    workers=settings().workers,
    traffic={"timeout": settings().timeout + 5},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
class Engine:
    """Holds the scope and the classifiers, and classifies batches of texts one after another."""

    def __init__(self) -> None:
        """Load and warm up; calls are accepted afterwards."""
        start_logging(settings().log_level)
        from scopesift_service.engine.load_judge import load_judge

        self._judge = load_judge(settings())

    @bentoml.api(  # type: ignore[untyped-decorator]
        batchable=True, max_batch_size=settings().batch_texts, max_latency_ms=LONGEST_WAIT_MS
    )
    def judge(self, items: list[Any]) -> Answers:
        """Classify texts; see `Judge.answer`.

        Answers are pickled here: BentoML pickles too, but traverses the whole answer twice before.
        """
        from scopesift_service.engine.judge import BrokenEngineError

        asked = [AskedText(*item) for item in items]  # on the way BentoML makes plain tuples of them
        try:
            return [pickle.dumps(item, pickle.HIGHEST_PROTOCOL) for item in self._judge.answer(asked)]
        except BrokenEngineError as error:
            log.critical("the engine is broken and restarts", extra={"reason": str(error)})
            # a sticky device error goes away only in a new process; the supervisor starts one
            os._exit(1)

    @bentoml.api  # type: ignore[untyped-decorator]
    def describe(self) -> dict[str, Any]:
        """The scope and the classifiers in use."""
        return {"scope": self._judge.scope, "classifiers": self._judge.describe()}


Engine.add_asgi_middleware(CancelOnHangUp)  # type: ignore[attr-defined]
