"""Values of a request's query."""

from __future__ import annotations

from scopesift_service.http.call import Call
from scopesift_service.http.errors import ServiceError


def word(call: Call, name: str) -> str | None:
    """The first value of a parameter; None: it is left out or empty.

    Raises:
        ServiceError: 400 for a query with too many parameters.
    """
    try:
        values = call.query_values(name)
    except ValueError:
        raise ServiceError(400, "the query has too many parameters; leave some out") from None
    return values[0] if values else None


def whole_number(call: Call, name: str, usual: int, between: tuple[int, int]) -> int:
    """A whole number.

    Args:
        call: The request.
        name: The parameter.
        usual: What it is where it is left out.
        between: The smallest and the largest that is allowed.

    Raises:
        ServiceError: 400 for something else.
    """
    text = word(call, name)
    if text is None:
        return usual
    least, most = between
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else -1
    if not least <= number <= most:
        raise ServiceError(400, f"{name} must be a whole number from {least} to {most}", param=name)
    return number
