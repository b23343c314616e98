"""Perspective's routes: comments:analyze and comments:suggestscore."""

from __future__ import annotations

from scopesift_service.apis.judging import Judging, timing
from scopesift_service.apis.loaded import LoadedClassifiers
from scopesift_service.apis.perspective import analyze, suggest
from scopesift_service.apis.perspective.attributes import attribute_sources, choose_sources
from scopesift_service.apis.perspective.suggestion_writer import SuggestionWriter
from scopesift_service.engine.judged import LANGUAGE, UNKNOWN_LANGUAGE, detected_languages
from scopesift_service.http import paths
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import PERSPECTIVE
from scopesift_service.http.route import KEY, Route
from scopesift_service.settings import OMIT, ServiceSettings
from scopesift_service.versions.suggestions import Suggestion


class PerspectiveRoutes:
    """Scores comments, and stores moderators' decisions about them."""

    def __init__(self, judging: Judging, loaded: LoadedClassifiers, settings: ServiceSettings) -> None:
        self._judging = judging
        self._loaded = loaded
        self._settings = settings
        self._writer = SuggestionWriter(settings)

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        return [
            Route(paths.ANALYZE, {"POST": self._analyze}, KEY, PERSPECTIVE),
            Route(paths.SUGGEST_SCORE, {"POST": self._suggest}, KEY, PERSPECTIVE),
        ]

    async def _analyze(self, call: Call) -> Answer:
        analysis = analyze.parse(call.json(), self._settings)
        loaded = await self._loaded.by_name()
        sources = choose_sources(
            analysis.thresholds,
            attribute_sources(loaded.values(), self._settings.perspective_attributes),
            omit=analysis.omit,
            param=analyze.REQUESTED,
            remedy=analyze.REMEDY,
        )
        judged = await self._judging.judge(call, [analysis.comment.text])
        return json_answer(analyze.answer(analysis, sources, judged[0]), headers=timing(judged))

    async def _suggest(self, call: Call) -> Answer:
        self._writer.require_state()
        suggested = suggest.parse(call.json(), self._settings)
        comment = suggested.comment
        loaded = await self._loaded.by_name()
        sources = choose_sources(
            suggested.values,
            suggest.suggestable(
                attribute_sources(loaded.values(), self._settings.perspective_attributes), loaded
            ),
            omit=self._settings.perspective_missing == OMIT,
            param=suggest.SCORES,
            remedy=suggest.REMEDY,
            kind="binary classifier",
        )
        call.note.update(texts=1, characters=len(comment.text))
        known = loaded[LANGUAGE].labels if LANGUAGE in loaded else ()
        lang = suggest.requested_language(comment.languages, known)
        detected: list[str] = []
        if lang is None:
            detected = detected_languages((await self._judging.judge(call, [comment.text]))[0])
            lang = detected[0] if detected else UNKNOWN_LANGUAGE
        labels = suggest.decisions(suggested, sources, loaded)
        await self._writer.write(
            {name: Suggestion(comment.text, label, lang) for name, label in labels.items()}
        )
        return json_answer(suggest.answer(comment, detected))
