"""Routes and the route table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scopesift_service.http.call import Handler
from scopesift_service.http.errors import OPENAI, ServiceError

ANYONE = "anyone"
KEY = "key"
ADMIN = "admin"


@dataclass(frozen=True)
class Disabled:
    """Why a route is off here.

    Attributes:
        message: What to set.
        code: Of the 403.
    """

    message: str
    code: str


@dataclass(frozen=True)
class Route:
    """One route.

    Attributes:
        path: With placeholders such as {name}; its name in metrics and logs.
        handlers: By method.
        access: `ANYONE`, `KEY` or `ADMIN`.
        shape: Format of its errors.
        seconds: Time limit of its handler; None: the settings'.
        disabled: If it is off, why; it then answers 403, whoever asks.
    """

    path: str
    handlers: Mapping[str, Handler]
    access: str = ANYONE
    shape: str = OPENAI
    seconds: float | None = None
    disabled: Disabled | None = None
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        literal = re.split(r"\{(\w+)\}", self.path)
        parts = [f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(literal)]
        object.__setattr__(self, "pattern", re.compile("".join(parts) + r"\Z"))

    @property
    def allow(self) -> str:
        """Value of the Allow header."""
        methods = {*self.handlers, *(["HEAD"] if "GET" in self.handlers else [])}
        return ", ".join(sorted(methods))

    def handler(self, method: str) -> Handler:
        """The handler of a method.

        Raises:
            ServiceError: 405.
        """
        found = self.handlers.get("GET" if method == "HEAD" else method)
        if found is None:
            raise ServiceError(405, f"{self.path} takes {self.allow}", allow=self.allow)
        return found


class RouteTable:
    """Finds the route of a path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._plain = {route.path: route for route in routes if "{" not in route.path}
        self._patterns = [route for route in routes if "{" in route.path]

    def find(self, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of a path and the values of its placeholders."""
        plain = self._plain.get(path)
        if plain is not None:
            return plain, {}
        for route in self._patterns:
            match = route.pattern.match(path)
            if match is not None:
                return route, match.groupdict()
        return None
