"""GET /v1/audit: who changed which classifier, when, and from which version to which."""

from __future__ import annotations

import asyncio
import logging

from scopesift_service.apis.classifiers.version_routes import OFF
from scopesift_service.http import paths
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.query import whole_number, word
from scopesift_service.http.route import ADMIN, Route
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.audit import AuditError, AuditLog

USUAL, MOST = 100, 1000
log = logging.getLogger("scopesift.audit")


class AuditRoutes:
    """Shows the audit trail; the admin token was checked before."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        disabled = None if self._settings.transfer_enabled else OFF
        return [Route(paths.AUDIT, {"GET": self._show}, ADMIN, disabled=disabled)]

    async def _show(self, call: Call) -> Answer:
        if self._settings.state is None:
            raise ServiceError(403, OFF.message, code=OFF.code)
        most = whole_number(call, "limit", USUAL, (1, MOST))
        classifier = word(call, "classifier")
        trail = AuditLog(self._settings.state)
        try:
            found = await asyncio.to_thread(trail.latest, most, classifier)
        except AuditError as error:
            log.error("the audit trail cannot be read", extra={"reason": str(error)})
            raise ServiceError(503, "the audit trail cannot be read; see the service's log") from None
        return json_answer({"entries": found.entries, "unreadable": found.unreadable})
