"""What describes the service: OpenAPI and a page of it, and Google's discovery for Perspective's client."""

from __future__ import annotations

import asyncio
import re

from scopesift_service.apis.loaded import LoadedClassifiers
from scopesift_service.apis.openapi.document import openapi_document
from scopesift_service.apis.perspective.discovery import discovery_document
from scopesift_service.docs_page.page import docs_file, docs_page
from scopesift_service.http import paths
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import PERSPECTIVE, ServiceError
from scopesift_service.http.route import Route
from scopesift_service.settings import ServiceSettings

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?\Z|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?\Z", re.ASCII)


class DocumentRoutes:
    """Serves the documents with this server's own address in them."""

    def __init__(self, loaded: LoadedClassifiers, settings: ServiceSettings) -> None:
        self._loaded = loaded
        self._settings = settings

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        return [
            Route(paths.DOCS, {"GET": self._docs}),
            Route(paths.DOCS_FILE, {"GET": self._docs_file}),
            Route(paths.OPENAPI, {"GET": self._openapi}),
            Route(paths.OPENAPI_ALIAS, {"GET": self._openapi}),
            Route(paths.DISCOVERY, {"GET": self._discovery}, shape=PERSPECTIVE),
            Route(paths.DISCOVERY_ALIAS, {"GET": self._discovery}, shape=PERSPECTIVE),
        ]

    async def _docs(self, _call: Call) -> Answer:
        return docs_page()

    async def _docs_file(self, call: Call) -> Answer:
        return await asyncio.to_thread(docs_file, call.parts["file"])

    async def _openapi(self, call: Call) -> Answer:
        loaded = await self._loaded.by_name()
        return json_answer(openapi_document(self._settings, self._root_url(call), list(loaded.values())))

    async def _discovery(self, call: Call) -> Answer:
        wanted = call.query_values("version")
        if wanted and wanted[0] != paths.PERSPECTIVE_VERSION:
            raise ServiceError(404, f"there is only version {paths.PERSPECTIVE_VERSION}")
        return json_answer(discovery_document(self._root_url(call)))

    def _root_url(self, call: Call) -> str:
        if self._settings.public_url:
            return self._settings.public_url
        host = call.headers.get("host", "")
        return f"{call.scheme}://{host}" if _HOST.match(host) else "http://127.0.0.1:3000"
