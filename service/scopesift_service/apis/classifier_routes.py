"""GET /v1/classifiers and /v1/classifiers/{name}: loaded classifiers, their versions and quality."""

from __future__ import annotations

import asyncio
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
        return json_answer(
            {
                "scope": described["scope"],
                "classifiers": [
                    {key: value for key, value in classifier.items() if key != "features"}
                    for classifier in described["classifiers"]
                ],
                "transfer": {
                    "enabled": self._settings.transfer_enabled,
                    "max_examples": self._settings.max_examples,
                },
            }
        )

    async def _show(self, call: Call) -> Answer:
        classifier = find_classifier(await self._describe(), call.parts["name"])
        versions = await asyncio.to_thread(self._versions, classifier)
        return json_answer({**classifier, "versions": versions})

    async def _describe(self) -> dict[str, Any]:
        with self._admission.place(0):
            return await self._engine.describe()

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
