"""Texts of a call, admitted and classified, for all routes that do."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_service.engine.client import EngineClient
from scopesift_service.engine.judged import Judged, readings
from scopesift_service.http.admission import Admission
from scopesift_service.http.call import Call
from scopesift_service.http.errors import ServiceError
from scopesift_service.settings import ServiceSettings


class Judging:
    """Asks the engine within the limits of this process."""

    def __init__(self, engine: EngineClient, settings: ServiceSettings, admission: Admission) -> None:
        self._engine = engine
        self._settings = settings
        self._admission = admission

    async def judge(
        self, call: Call, texts: Sequence[str], *, spans: bool = False, tokens: bool = False
    ) -> list[Judged]:
        """One answer per text, in order.

        Args:
            call: The call; its log line gets the numbers of texts and characters.
            texts: Checked texts.
            spans: Whether the language of each part is wanted.
            tokens: Whether all tokens of the evidence are wanted.

        Raises:
            ServiceError: 413, 429, 500 or 503.
        """
        characters = sum(map(len, texts))
        call.note.update(texts=len(texts), characters=characters)
        most = self._settings.max_call_characters // readings(spans=spans, tokens=tokens)
        if characters > most:
            raise ServiceError(
                413,
                f"the texts of this call have {characters} characters together, the limit is {most}"
                f"{_besides(spans=spans, tokens=tokens)}; send several calls",
                code="call_too_long",
            )
        with self._admission.place():
            return await self._engine.judge(texts, spans=spans, tokens=tokens)


def _besides(**wanted: bool) -> str:
    names = [name for name, asked in wanted.items() if asked]
    return f" with {' and '.join(names)}" if names else ""


def timing(judged: Sequence[Judged]) -> dict[str, str]:
    """The header with queue and batch time of the slowest text, in ms."""
    queue = max(item["queue"] for item in judged)
    seconds = max(item["seconds"] for item in judged)
    return {"Server-Timing": f"queue;dur={1000 * queue:.1f}, engine;dur={1000 * seconds:.1f}"}
