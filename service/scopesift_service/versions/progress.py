"""How far a change of a classifier has come: told by the process that makes it, read by whoever asks.

<state>/<classifier>/progress.json     the stage, what is done of it, since when; there while a change is made
<state>/<classifier>/.progress         flock of the one who tells; the kernel releases it when that process dies
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from scopesift_files.atomic import write_atomically
from scopesift_files.errors import ScopesiftError

FILE, LOCK = "progress.json", ".progress"
PAUSE = 0.2
"""Seconds between two writes about the same stage."""


class Stage(StrEnum):
    """What is being done.

    Attributes:
        LOADING: The scope and the version in use.
        READING: The examples, text by text.
        CHOOSING: Features, weights and thresholds, by one strategy after the other, each cross-validated.
        NAMING: The features of the new rule, by the words on which they are strongest.
        MEASURING: The rule in use on the same examples.
        COMPARING: The verdicts of the old and of the new version, text by text.
        STORING: The new version.
    """

    LOADING = "loading"
    READING = "reading"
    CHOOSING = "choosing"
    NAMING = "naming"
    MEASURING = "measuring"
    COMPARING = "comparing"
    STORING = "storing"


class Tell(Protocol):
    """Says what is being done, and how many of how many are done; 0 of 0: it can't be counted."""

    def __call__(self, stage: Stage, done: int = 0, of: int = 0) -> None: ...  # noqa: D102


def nobody_listens(stage: Stage, done: int = 0, of: int = 0) -> None:
    """The `Tell` of a change that nobody follows."""


@contextmanager
def telling(home: Path, action: str, who: str) -> Iterator[Tell]:
    """Tell about a change while it is made. What can't be written is not told; the change doesn't depend on it.

    While another change of the classifier is told, this one is not; its stages after that one's end are.

    Args:
        home: The classifier's folder.
        action: What is done, see `audit.Action`.
        who: Name of the admin token's holder.
    """
    since, last = time.time(), ("", 0.0)

    try:
        home.mkdir(parents=True, exist_ok=True)
        handle = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        yield nobody_listens
        return
    alone = False

    def tell(stage: Stage, done: int = 0, of: int = 0) -> None:
        nonlocal last, alone
        if alone and last[0] == stage and done < of and time.monotonic() - last[1] < PAUSE:
            return
        alone = alone or _locked(handle, fcntl.LOCK_EX)
        if not alone:
            return
        last = stage, time.monotonic()
        text = json.dumps(
            {"action": action, "who": who, "stage": stage, "done": done, "of": of, "since": since}
        )
        with suppress(ScopesiftError):
            write_atomically(home / FILE, lambda temporary: temporary.write_text(text, encoding="utf-8"))

    try:
        yield tell
    finally:
        if alone:
            with suppress(OSError):
                (home / FILE).unlink(missing_ok=True)
        os.close(handle)


def _locked(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def progress_of(home: Path) -> dict[str, Any] | None:
    """What `telling` said last, and for how many `seconds` the change has been made; None: none is being made."""
    try:
        handle = os.open(home / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _locked(handle, fcntl.LOCK_SH):
            return None  # nobody tells: what is written there was left by a process that died
    finally:
        os.close(handle)
    try:
        told = json.loads((home / FILE).read_text(encoding="utf-8"))
        since = told.pop("since")
        return {**told, "seconds": round(max(0.0, time.time() - since), 1)}
    except (OSError, ValueError, KeyError):
        return None
