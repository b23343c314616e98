"""What a forked process has to make anew: threads are not forked, and who waits for them waits for ever."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class HasThreads(Protocol):
    """Something that runs work in threads of its own."""

    def forked(self) -> None:
        """Called first thing in a forked process: make new threads when work comes."""


_TOLD: WeakSet[HasThreads] = WeakSet()


def tell_of_forks(one: HasThreads) -> None:
    """Call `one.forked()` in every process that is forked from now on, as long as it lives."""
    _TOLD.add(one)


def _tell() -> None:
    for one in list(_TOLD):
        one.forked()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_tell)
