"""GET /v1/classifiers/{name}/features: what a rule reads, with what is known of each feature."""

from __future__ import annotations

from typing import Any

from scopesift_service.apis.classifiers.classifier_routes import find_classifier
from scopesift_service.engine.client import EngineClient
from scopesift_service.http import paths
from scopesift_service.http.admission import Admission
from scopesift_service.http.call import Answer, Call, json_answer
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.query import whole_number, word
from scopesift_service.http.route import KEY, Route

DEFAULT_RULE = "default"
USUAL, MOST = 24, 200
LONGEST_SEARCH = 100
FARTHEST = 999_999


class FeatureRoutes:
    """Lists the features of classifiers."""

    def __init__(self, engine: EngineClient, admission: Admission) -> None:
        self._engine = engine
        self._admission = admission

    def routes(self) -> list[Route]:
        """Routes for the route table."""
        return [Route(paths.FEATURES, {"GET": self._list}, KEY)]

    async def _list(self, call: Call) -> Answer:
        first = whole_number(call, "offset", 0, (0, FARTHEST))
        most = whole_number(call, "limit", USUAL, (1, MOST))
        search = word(call, "search") or ""
        if len(search) > LONGEST_SEARCH:
            raise ServiceError(400, f"search takes {LONGEST_SEARCH} characters at most", param="search")
        with self._admission.place():
            classifier = find_classifier(await self._engine.describe(), call.parts["name"])
            rule = _one_of(call, "rule", [DEFAULT_RULE, *classifier["langs"]])
            label = _one_of(call, "label", classifier["labels"])
            found = await self._engine.features(classifier["name"], rule, label, search, first, most)
            if not found:  # another version came into use meanwhile
                raise ServiceError(404, f"{classifier['name']} has no rule {rule} any more", param="rule")
            return json_answer(found)


def _one_of(call: Call, name: str, known: list[Any]) -> str:
    """A value of the query that names one of what there is; the first of it where it is left out.

    Raises:
        ServiceError: 400 that lists what there is.
    """
    value = word(call, name)
    if value is None:
        return str(known[0])
    if value not in known:
        raise ServiceError(400, f"{name} must be one of {', '.join(map(str, known))}", param=name)
    return value
