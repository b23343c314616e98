"""GET /v1/classifiers and /v1/classifiers/{name}: loaded classifiers, their versions and quality."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

from scopesift_service.engine.client import EngineClient
from scopesift_service.http import paths
from scopesift_service.http.admission import Admission
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.route import KEY, Route
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.registry import Registry
from scopesift_service.versions.suggestions import Suggestions, SuggestionsError

log = logging.getLogger("scopesift.classifiers")


class ClassifierRoutes:
    """Describes the classifiers."""

    def __init__(self, engine: EngineClient, settings: ServiceSettings, admission: Admission) -> None:
        self._engine = engine
        self._settings = settings
        self._admission = admission
        self._registry = Registry(settings.state) if settings.state else None

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        return [
            Route(paths.CLASSIFIERS, {"GET": self._list}, KEY),
            Route(paths.CLASSIFIER, {"GET": self._show}, KEY),
        ]

    async def _list(self, _call: Call) -> Answer:
        described = await self._describe()
        suggestions = await asyncio.to_thread(
            lambda: [self._suggestions(classifier["name"]) for classifier in described["classifiers"]]
        )
        return json_answer(
            {
                "scope": described["scope"],
                "classifiers": [
                    {key: value for key, value in classifier.items() if key != "features"}
                    | {"suggestions": counts}
                    for classifier, counts in zip(described["classifiers"], suggestions, strict=True)
                ],
                "limits": {
                    "max_texts": self._settings.max_texts,
                    "max_characters": self._settings.max_characters,
                    "max_call_characters": self._settings.max_call_characters,
                },
                "transfer": {
                    "enabled": self._settings.transfer_enabled,
                    "max_examples": self._settings.max_examples,
                },
            }
        )

    async def _show(self, call: Call) -> Answer:
        classifier = find_classifier(await self._describe(), call.parts["name"])
        versions = await asyncio.to_thread(self._versions, classifier)
        suggestions = await asyncio.to_thread(self._suggestions, classifier["name"])
        return json_answer({**classifier, "versions": versions, "suggestions": suggestions})

    async def _describe(self) -> dict[str, Any]:
        with self._admission.place():
            return await self._engine.describe()

    def _suggestions(self, name: str) -> dict[str, dict[str, int]] | None:
        """Counts of stored suggestions by language; None if they can't be read."""
        if self._registry is None:
            return {}
        try:
            return Suggestions(self._registry.home(name), self._settings.max_suggestions).counts()
        except SuggestionsError as error:
            log.error("suggestions cannot be read", extra={"classifier": name, "reason": str(error)})
            return None

    def _versions(self, classifier: dict[str, Any]) -> list[dict[str, Any]]:
        own = {
            "version": classifier["version"],
            "active": True,
            "created": None,
            "langs": classifier["langs"],
        }
        if self._registry is None:
            return [own]
        name = classifier["name"]
        return [
            {
                "version": version,
                "active": version == classifier["version"],
                "created": datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds"),
                "langs": self._registry.langs(name, version),
            }
            for version, seconds in self._registry.versions(name)
        ] or [own]


def find_classifier(described: dict[str, Any], name: str) -> dict[str, Any]:
    """Find a classifier in the engine's description.

    Raises:
        ServiceError: 404.
    """
    for classifier in described["classifiers"]:
        if classifier["name"] == name:
            return dict(classifier)
    known = ", ".join(classifier["name"] for classifier in described["classifiers"])
    raise ServiceError(404, f"there is no such classifier; there are {known}", code="unknown_classifier")
