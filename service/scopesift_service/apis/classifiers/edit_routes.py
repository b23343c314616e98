"""POST /v1/classifiers/{name}/rename and …/mute: a feature named or muted by hand, as a new version."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from scopesift_service.apis.classifiers.classifier_routes import find_classifier
from scopesift_service.apis.classifiers.edit_request import Edit, parse_mute, parse_rename
from scopesift_service.apis.classifiers.version_routes import OFF
from scopesift_service.engine.client import EngineClient
from scopesift_service.http import paths
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.route import ADMIN, Route
from scopesift_service.jobs.process import EDIT, SPARE_SECONDS, run_job
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import Action


class EditRoutes:
    """Names and mutes features; the admin token was checked before."""

    def __init__(self, engine: EngineClient, settings: ServiceSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._editing = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        disabled = None if self._settings.transfer_enabled else OFF
        seconds = self._settings.transfer_timeout + SPARE_SECONDS
        return [
            Route(path, {"POST": handler}, ADMIN, seconds=seconds, disabled=disabled)
            for path, handler in ((paths.RENAME, self._rename), (paths.MUTE, self._mute))
        ]

    async def _rename(self, call: Call) -> Answer:
        return await self._edit(call, Action.RENAME, parse_rename(call.json()))

    async def _mute(self, call: Call) -> Answer:
        return await self._edit(call, Action.MUTE, parse_mute(call.json(), self._settings))

    async def _edit(self, call: Call, action: Action, edit: Edit) -> Answer:
        name = find_classifier(await self._engine.describe(), call.parts["name"])["name"]
        call.note.update(classifier=name, examples=len(edit.texts))
        if self._editing.locked():
            raise ServiceError(409, "another change of a feature is being made; try again after Retry-After")
        async with self._editing:
            job = {"action": action, "name": name, "who": call.admin, **asdict(edit)}
            made = await run_job(EDIT, job, self._settings.transfer_timeout)
        call.note["version"] = made["version"]
        if made["active"]:
            # the first call after a change loads the new version; make that this one, not a client's
            await self._engine.describe()
        return json_answer(made, status=200 if edit.dry_run else 201)
