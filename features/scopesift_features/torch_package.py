"""torch, which an installation without the extra of that name lacks."""

from __future__ import annotations

from importlib.util import find_spec

from scopesift_files.errors import UsageError


def require_torch(what: str) -> None:
    """Refuse, without importing torch, what can't be done without it.

    Args:
        what: what needs it, for the message.

    Raises:
        UsageError: not installed.
    """
    if find_spec("torch") is None:
        raise UsageError(f"{what} needs torch, which is not installed; pip install 'scopesift[torch]'")
