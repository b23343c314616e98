"""The routes that classify texts: /v1/classify, and the formats of others but Perspective's."""

from __future__ import annotations

from scopesift_service.apis import classify, guardrail, openai, text_classification
from scopesift_service.apis.judging import Judging, timing
from scopesift_service.apis.loaded import LoadedClassifiers
from scopesift_service.http import paths
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import TEXT_CLASSIFICATION
from scopesift_service.http.route import KEY, Route
from scopesift_service.settings import ServiceSettings


class ModerationRoutes:
    """Reads a call's texts, classifies them, and answers in the API's format."""

    def __init__(self, judging: Judging, loaded: LoadedClassifiers, settings: ServiceSettings) -> None:
        self._judging = judging
        self._loaded = loaded
        self._settings = settings

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        return [
            Route(paths.CLASSIFY, {"POST": self._classify}, KEY),
            Route(paths.MODERATIONS, {"POST": self._moderations}, KEY),
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
        found = await self._judging.judge(call, texts, spans=options.spans, tokens=options.tokens)
        judged = [options.apply(item) for item in found]
        return json_answer(classify.answer(texts, judged), headers=timing(judged))

    async def _moderations(self, call: Call) -> Answer:
        texts = openai.parse(call.json(), self._settings)
        judged = await self._judging.judge(call, texts)
        return json_answer(
            openai.answer(judged, call.request_id, self._settings.openai_categories), headers=timing(judged)
        )

    async def _predict(self, call: Call) -> Answer:
        classifier = text_classification.choose(await self._loaded.by_name(), call.parts.get("name"))
        texts, alone = text_classification.parse(call.json(), self._settings)
        judged = await self._judging.judge(call, texts)
        found = text_classification.answer(judged, classifier, alone=alone)
        return json_answer(found, headers=timing(judged))

    async def _guard(self, call: Call) -> Answer:
        texts, options = guardrail.parse(call.json(), self._settings)
        guardrail.check(options, await self._loaded.by_name())
        judged = [options.apply(item) for item in await self._judging.judge(call, texts)] if texts else []
        return json_answer(guardrail.answer(judged), headers=timing(judged) if judged else None)
