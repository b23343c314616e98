"""The clock of a pipeline's parts; nothing is timed unless someone asks for a profile."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Clock = Callable[[str], AbstractContextManager[None]]
"""part -> a context that times the part's work in the current thread."""


def untimed(_part: str) -> AbstractContextManager[None]:
    """Time nothing."""
    return nullcontext()
