"""API keys and admin tokens, compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from scopesift_service.http.errors import ServiceError
from scopesift_service.settings import ServiceSettings


def check_key(settings: ServiceSettings, headers: dict[str, str], query_keys: Sequence[str]) -> None:
    """Check a caller's key; without configured keys every caller is accepted.

    Args:
        settings: Holds the keys; admin tokens count as such.
        headers: Lower-case names.
        query_keys: Values of `?key=`, as Perspective's clients send it.

    Raises:
        ServiceError: 401.
    """
    if not settings.api_keys:
        return
    given = [
        _bearer(headers), headers.get("x-api-key", ""), headers.get("x-goog-api-key", ""), *query_keys[:1],
    ]  # fmt: skip
    allowed = [*settings.api_keys, *settings.admins.values()]
    # every pair is compared, so that the time doesn't depend on which one matches
    matches = [_same(key, secret) for key in given for secret in allowed]
    if not any(matches):
        missing = not any(given)
        raise ServiceError(
            401,
            "an API key is needed: send Authorization: Bearer …, X-API-Key or ?key="
            if missing
            else "this API key is not valid",
            code="missing_api_key" if missing else "invalid_api_key",
        )


def check_admin(settings: ServiceSettings, headers: dict[str, str]) -> str:
    """Check an admin token.

    Returns:
        The name of its holder.

    Raises:
        ServiceError: 401 for a missing or wrong token.
    """
    given = _bearer(headers)
    # every token is compared, as above
    names = [name for name, token in settings.admins.items() if _same(given, token)]
    if not names:
        raise ServiceError(
            401,
            "the admin token is missing or wrong; send it as Authorization: Bearer …",
            code="invalid_admin_token",
        )
    return names[0]


def _bearer(headers: dict[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode("utf-8"))
