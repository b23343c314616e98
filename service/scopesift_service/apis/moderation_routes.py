"""The routes that classify texts: /v1/classify, and the formats of others."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_service.apis import classify, guardrail, openai, text_classification
from scopesift_service.apis.loaded import LoadedClassifiers
from scopesift_service.apis.perspective import analyze
from scopesift_service.engine.client import EngineClient
from scopesift_service.engine.judged import Judged
from scopesift_service.http import paths
from scopesift_service.http.admission import Admission
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import PERSPECTIVE, TEXT_CLASSIFICATION, ServiceError
from scopesift_service.http.route import KEY, Route
from scopesift_service.settings import ServiceSettings

READINGS_WITH_SPANS = 3
"""With language spans a text is read as a whole, in pieces, and in spans."""


class ModerationRoutes:
    """Reads a call's texts, classifies them, and answers in the API's format."""

    def __init__(
        self,
        engine: EngineClient,
        loaded: LoadedClassifiers,
        settings: ServiceSettings,
        admission: Admission,
    ) -> None:
        self._engine = engine
        self._loaded = loaded
        self._settings = settings
        self._admission = admission

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        return [
            Route(paths.CLASSIFY, {"POST": self._classify}, KEY),
            Route(paths.MODERATIONS, {"POST": self._moderations}, KEY),
            Route(paths.ANALYZE, {"POST": self._analyze}, KEY, PERSPECTIVE),
            *(
                Route(path, {"POST": self._predict}, KEY, TEXT_CLASSIFICATION)
                for path in (paths.PREDICT, paths.LABELS, paths.CLASSIFIER_PREDICT, paths.CLASSIFIER_LABELS)
            ),
            Route(paths.GUARDRAIL, {"POST": self._guard}, KEY),
        ]

    async def _classify(self, call: Call) -> Answer:
        texts, options = classify.parse(call.json(), self._settings)
        if options.name_classifiers:
            options.check(await self._loaded.by_name())
        judged = [options.apply(item) for item in await self._judge(call, texts, spans=options.spans)]
        return json_answer(classify.answer(texts, judged), headers=_timing(judged))

    async def _moderations(self, call: Call) -> Answer:
        texts = openai.parse(call.json(), self._settings)
        judged = await self._judge(call, texts)
        return json_answer(openai.answer(judged, call.request_id), headers=_timing(judged))

    async def _analyze(self, call: Call) -> Answer:
        comment = analyze.parse(call.json(), self._settings)
        judged = await self._judge(call, [comment.text])
        return json_answer(analyze.answer(comment, judged[0]), headers=_timing(judged))

    async def _predict(self, call: Call) -> Answer:
        classifier = text_classification.choose(await self._loaded.by_name(), call.parts.get("name"))
        texts, alone = text_classification.parse(call.json(), self._settings)
        judged = await self._judge(call, texts)
        found = text_classification.answer(judged, classifier, alone=alone)
        return json_answer(found, headers=_timing(judged))

    async def _guard(self, call: Call) -> Answer:
        texts, options = guardrail.parse(call.json(), self._settings)
        guardrail.check(options, await self._loaded.by_name())
        judged = [options.apply(item) for item in await self._judge(call, texts)] if texts else []
        return json_answer(guardrail.answer(judged), headers=_timing(judged) if judged else None)

    async def _judge(self, call: Call, texts: Sequence[str], *, spans: bool = False) -> list[Judged]:
        characters = sum(map(len, texts))
        call.note.update(texts=len(texts), characters=characters)
        readings = READINGS_WITH_SPANS if spans else 1
        most = self._settings.max_call_characters // readings
        if characters > most:
            raise ServiceError(
                413,
                f"the texts of this call have {characters} characters together, the limit is {most}"
                f"{' with spans' if spans else ''}; send several calls",
                code="call_too_long",
            )
        with self._admission.place(characters * readings):
            return await self._engine.judge(texts, spans=spans)


def _timing(judged: Sequence[Judged]) -> dict[str, str]:
    """Queue and batch time of the slowest text, in ms."""
    queue = max(item["queue"] for item in judged)
    seconds = max(item["seconds"] for item in judged)
    return {"Server-Timing": f"queue;dur={1000 * queue:.1f}, engine;dur={1000 * seconds:.1f}"}
