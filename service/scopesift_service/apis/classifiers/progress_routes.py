"""GET /v1/classifiers/{name}/progress: how far the change is that is being made of a classifier."""

from __future__ import annotations

import asyncio

from scopesift_service.apis.classifiers.version_routes import OFF
from scopesift_service.apis.loaded import LoadedClassifiers
from scopesift_service.http import paths
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.route import ADMIN, Route
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.progress import progress_of
from scopesift_service.versions.registry import Registry


class ProgressRoutes:
    """Tells how far a change is; the admin token was checked before."""

    def __init__(self, loaded: LoadedClassifiers, settings: ServiceSettings) -> None:
        self._loaded = loaded
        self._settings = settings

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        disabled = None if self._settings.transfer_enabled else OFF
        return [Route(paths.PROGRESS, {"GET": self._show}, ADMIN, disabled=disabled)]

    async def _show(self, call: Call) -> Answer:
        if self._settings.state is None:
            raise ServiceError(403, OFF.message, code=OFF.code)
        # not by the engine's description, which is long: a page asks twice a second
        known, name = await self._loaded.by_name(), call.parts["name"]
        if name not in known:
            raise ServiceError(
                404, f"there is no such classifier; there are {', '.join(known)}", code="unknown_classifier"
            )
        running = await asyncio.to_thread(progress_of, Registry(self._settings.state).home(name))
        return json_answer({"name": name, "running": running})
