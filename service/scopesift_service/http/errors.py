"""HTTP errors in the format of each API."""

from __future__ import annotations

from typing import Any

from scopesift_files.errors import ScopesiftError

# status -> (type in OpenAI's format, status in Google's format, code)
KINDS = {
    400: ("invalid_request_error", "INVALID_ARGUMENT", "invalid_request"),
    401: ("authentication_error", "UNAUTHENTICATED", "invalid_api_key"),
    403: ("permission_error", "PERMISSION_DENIED", "permission_denied"),
    404: ("not_found_error", "NOT_FOUND", "not_found"),
    405: ("method_not_allowed", "UNIMPLEMENTED", "method_not_allowed"),
    408: ("request_timeout", "DEADLINE_EXCEEDED", "body_too_slow"),
    409: ("conflict_error", "ABORTED", "conflict"),
    413: ("request_too_large", "INVALID_ARGUMENT", "request_too_large"),
    415: ("unsupported_media_type", "INVALID_ARGUMENT", "unsupported_media_type"),
    422: ("invalid_request_error", "INVALID_ARGUMENT", "unprocessable"),
    429: ("rate_limit_error", "RESOURCE_EXHAUSTED", "overloaded"),
    500: ("server_error", "INTERNAL", "internal_error"),
    503: ("service_unavailable", "UNAVAILABLE", "unavailable"),
}
RETRY_AFTER = {408: 1, 409: 5, 429: 1, 503: 2}
OPENAI = "openai"
PERSPECTIVE = "perspective"
TEXT_CLASSIFICATION = "text-classification"


class ServiceError(ScopesiftError):
    """An error response.

    Attributes:
        status: HTTP status, a key of `KINDS`.
        message: What was expected, what came, what to do; never holds a text, key or token.
        code: Machine-readable code.
        param: The invalid field, such as `texts[3]`.
        details: Perspective's details.
        headers: Headers that the status needs.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        details: list[dict[str, Any]] | None = None,
        allow: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or KINDS[status][2]
        self.param = param
        self.details = details or []
        self.headers: dict[str, str] = {}
        if status in RETRY_AFTER:
            self.headers["Retry-After"] = str(RETRY_AFTER[status])
        if status == 401:
            # httplib2, on which Google's client rests, cannot parse a scheme without a parameter
            self.headers["WWW-Authenticate"] = 'Bearer realm="scopesift"'
        if allow is not None:
            self.headers["Allow"] = allow

    def body(self, shape: str) -> dict[str, Any]:
        """The error's JSON in the format of an API."""
        kind, google_status, _ = KINDS[self.status]
        if shape == PERSPECTIVE:
            return {
                "error": {
                    "code": self.status,
                    "message": self.message,
                    "status": google_status,
                    "details": self.details,
                }
            }
        if shape == TEXT_CLASSIFICATION:
            return {"error": self.message, "error_type": kind}
        return {
            "error": {"message": self.message, "type": kind, "param": self.param, "code": self.code},
        }


def internal_error(request_id: str) -> ServiceError:
    """An internal error; the client only gets the request id to look up in the log."""
    return ServiceError(
        500, f"the request failed with an internal error; see the service's log for {request_id}"
    )
