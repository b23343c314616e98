"""POST /v1/classifiers/{name}/transfer and …/activate: make a version, or choose the version in use."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict, replace

from scopesift_files.errors import InputError, UsageError

from scopesift_service.apis.classifiers.classifier_routes import find_classifier
from scopesift_service.apis.classifiers.transfer_request import Examples, parse_examples, parse_version
from scopesift_service.engine.client import EngineClient
from scopesift_service.engine.judged import LANGUAGE
from scopesift_service.http import paths
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.route import ADMIN, Disabled, Route
from scopesift_service.jobs.process import SPARE_SECONDS, TRANSFER, run_job
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import UNRECORDED, Action, AuditError, AuditLog, Change
from scopesift_service.versions.registry import BusyError, Registry
from scopesift_service.versions.suggestions import Suggestions, SuggestionsError

ACTIVATE_SECONDS = 5.0
OFF = Disabled(
    "versions cannot be changed here: set SCOPESIFT_ADMIN_TOKEN and SCOPESIFT_STATE to allow it",
    "transfer_disabled",
)
log = logging.getLogger("scopesift.versions")


class VersionRoutes:
    """Makes and activates versions; the admin token was checked before."""

    def __init__(self, engine: EngineClient, settings: ServiceSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._registry = Registry(settings.state) if settings.state else None
        self._transferring = asyncio.Lock()
        self._switching: set[asyncio.Task[Answer]] = set()

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        disabled = None if self._settings.transfer_enabled else OFF
        return [
            Route(
                paths.TRANSFER,
                {"POST": self._transfer},
                ADMIN,
                seconds=self._settings.transfer_timeout + SPARE_SECONDS,
                disabled=disabled,
            ),
            Route(paths.ACTIVATE, {"POST": self._activate}, ADMIN, disabled=disabled),
        ]

    async def _transfer(self, call: Call) -> Answer:
        examples = parse_examples(call.json(), self._settings)
        described = await self._engine.describe()
        name = find_classifier(described, call.parts["name"])["name"]
        self._check_lang(described["classifiers"], examples.lang)
        if examples.asks_for_suggestions:
            examples = await asyncio.to_thread(self._suggested, name, examples)
        call.note.update(classifier=name, lang=examples.lang, examples=len(examples.texts))
        if self._transferring.locked():
            raise ServiceError(409, "another transfer is running; try again after Retry-After")
        async with self._transferring:
            job = {"action": Action.TRANSFER, "name": name, "who": call.admin, **asdict(examples)}
            made = await run_job(TRANSFER, job, self._settings.transfer_timeout)
        call.note["version"] = made["version"]
        if examples.dry_run:
            return json_answer(made)
        if not examples.activate:
            return json_answer(made, status=201)
        # the first call after a change loads the new version; make that this one, not a client's
        await self._engine.describe()
        return json_answer(made, status=201)

    def _suggested(self, name: str, asked: Examples) -> Examples:
        """The stored suggestions of a language as examples."""
        if self._registry is None:
            raise ServiceError(403, "there is no state folder; set SCOPESIFT_STATE")
        stored = Suggestions(self._registry.home(name), self._settings.max_suggestions)
        try:
            found = stored.latest(asked.lang, self._settings.max_examples)
        except SuggestionsError as error:
            log.error("suggestions cannot be read", extra={"classifier": name, "reason": str(error)})
            raise ServiceError(503, "the suggestions cannot be read; see the service's log") from None
        if not found.texts:
            raise ServiceError(
                422,
                f"there are no suggestions of {name} in {asked.lang} yet; they come through {paths.SUGGEST_SCORE}",
                code="no_suggestions",
                param="examples",
            )
        return replace(asked, texts=found.texts, labels=found.labels, suggested_until=found.until)

    async def _activate(self, call: Call) -> Answer:
        # finished even if the client disconnects: otherwise an untested version could stay in use
        switching = asyncio.create_task(self._switch(call))
        self._switching.add(switching)
        switching.add_done_callback(self._switching.discard)
        return await asyncio.shield(switching)

    async def _switch(self, call: Call) -> Answer:
        version = parse_version(call.json())
        described = find_classifier(await self._engine.describe(), call.parts["name"])
        name, before = described["name"], described["version"]
        change = Change(call.admin, Action.ACTIVATE, name, version, before)
        previous = await asyncio.to_thread(self._point, change)
        loaded = find_classifier(await self._engine.describe(), name)["version"]
        if loaded != version:
            await asyncio.to_thread(self._point, Change(call.admin, Action.TAKE_BACK, name, loaded, version))
            raise ServiceError(
                422,
                f"version {version} cannot be loaded by this service; {loaded} stays in use",
                code="version_unusable",
            )
        call.note.update(classifier=name, version=version)
        return json_answer({"name": name, "version": version, "previous": previous})

    def _point(self, change: Change) -> str | None:
        """Record a change and put its version into use; the version before, as `Registry.activate` says it."""
        if self._registry is None:
            raise ServiceError(403, "there is no state folder; set SCOPESIFT_STATE")
        name, version = change.classifier, change.version
        try:
            with self._registry.lock(name, seconds=ACTIVATE_SECONDS):
                self._registry.require(name, version)
                self._record(replace(change, previous=self._in_use(name) or change.previous))
                return self._registry.activate(name, version)
        except BusyError as error:
            raise ServiceError(409, str(error)) from None
        except UsageError as error:
            raise ServiceError(404, str(error), code="unknown_version") from None

    def _record(self, change: Change) -> None:
        if self._registry is None or change.version == change.previous:
            return
        try:
            AuditLog(self._registry.folder).append(change)
        except AuditError as error:
            log.error(
                "the audit trail lacks a change",
                extra={"classifier": change.classifier, "reason": str(error)},
            )
            # what no engine can load must not stay in use, recorded or not
            if change.action != Action.TAKE_BACK:
                raise ServiceError(503, UNRECORDED) from None

    def _in_use(self, name: str) -> str | None:
        try:
            return self._registry.active(name) if self._registry else None
        except InputError:
            return None  # a damaged pointer, which an activation replaces

    def _check_lang(self, classifiers: list[dict[str, object]], lang: str) -> None:
        """Reject a language that the language classifier can't return, whose decision would never be used."""
        for classifier in classifiers:
            if classifier["name"] == LANGUAGE:
                labels = classifier["labels"]
                if isinstance(labels, list) and lang in labels:
                    return
                known = ", ".join(map(str, labels)) if isinstance(labels, list) else "none"
                raise ServiceError(
                    422, f"the language classifier has no label {lang}; it has {known}", param="lang"
                )
        raise ServiceError(
            422, "without a language classifier the new decision would never be used; load one", param="lang"
        )
