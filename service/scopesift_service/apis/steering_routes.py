"""POST /v1/steer: text with features changed, beside controls and side effects; an operator's tool."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from scopesift_service.apis.loaded import LoadedClassifiers, check_names
from scopesift_service.apis.steering_request import parse_steering
from scopesift_service.http import paths
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.route import ADMIN, Disabled, Route
from scopesift_service.jobs.process import SPARE_SECONDS, STEERING, run_job
from scopesift_service.settings import ServiceSettings

OFF = Disabled(
    "steering is off here: set SCOPESIFT_STEERING=on and SCOPESIFT_ADMIN_TOKEN to allow it",
    "steering_disabled",
)


class SteeringRoutes:
    """Steers the scope's whole model; the admin token was checked before."""

    def __init__(self, loaded: LoadedClassifiers, settings: ServiceSettings) -> None:
        self._loaded = loaded
        self._settings = settings
        self._steering = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        return [
            Route(
                paths.STEER,
                {"POST": self._steer},
                ADMIN,
                seconds=self._settings.steering_timeout + SPARE_SECONDS,
                disabled=None if self._settings.steering_enabled else OFF,
            )
        ]

    async def _steer(self, call: Call) -> Answer:
        asked = parse_steering(call.json())
        if asked.name is not None:
            check_names([asked.name], await self._loaded.by_name(), "changes.classifier")
            call.note["classifier"] = asked.name
        call.note["characters"] = len(asked.prompt)
        if self._steering.locked():
            raise ServiceError(409, "another steering is running; try again after Retry-After")
        async with self._steering:
            return json_answer(await run_job(STEERING, asdict(asked), self._settings.steering_timeout))
