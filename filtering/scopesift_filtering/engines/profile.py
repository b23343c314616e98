"""Where the time of a run goes: seconds of every part of the pipeline, by kind of thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

READ, MODEL, WRITE = "read", "model", "write"
WAITING = "waiting"
Key = TypeVar("Key")


@dataclass
class PartTime:
    """Time of one part, summed over its threads.

    Attributes:
        kind: of its threads: "read", "model" or "write".
        part: its name; "waiting" is the rest of the threads' time.
        seconds: wall time.
        cpu_seconds: time on a core; the rest is waiting for a core, the interpreter or a disk.
        share: of the wall time of all threads of the kind.
    """

    kind: str
    part: str
    seconds: float
    cpu_seconds: float
    share: float


class Profile:
    """Times the parts of a run from all its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._local = threading.local()
        self._threads: dict[str, list[float]] = {}
        self._parts: dict[tuple[str, str], list[float]] = {}

    @contextmanager
    def thread(self, kind: str) -> Iterator[None]:
        """Time a whole thread.

        Args:
            kind: "read", "model" or "write".
        """
        self._local.kind = kind
        with self._added(self._threads, kind):
            yield

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a part of the current thread's work; parts are not nested."""
        with self._added(self._parts, (self._local.kind, name)):
            yield

    def times(self) -> list[PartTime]:
        """The parts of every kind of thread in their order, each kind's time adding up to that of its threads."""
        found = []
        for kind, (wall, cpu) in self._threads.items():
            own = [
                PartTime(kind, name, seconds, used, seconds / wall)
                for (each, name), (seconds, used) in self._parts.items()
                if each == kind
            ]
            rest = wall - sum(part.seconds for part in own)
            used = cpu - sum(part.cpu_seconds for part in own)
            found += [*own, PartTime(kind, WAITING, rest, used, rest / wall)]
        order = {kind: place for place, kind in enumerate((READ, MODEL, WRITE))}
        return sorted(found, key=lambda part: order[part.kind])

    @contextmanager
    def _added(self, to: dict[Key, list[float]], key: Key) -> Iterator[None]:
        began, used = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            spent = time.perf_counter() - began, time.thread_time() - used
            with self._lock:
                sums = to.setdefault(key, [0.0, 0.0])
                for place, seconds in enumerate(spent):
                    sums[place] += seconds
