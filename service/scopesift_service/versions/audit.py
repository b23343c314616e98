"""The audit trail: who changed which classifier, when, and from which version to which.

    <state>/audit.jsonl      one JSON object a line; lines are added and never changed

A line is on disk before the change that it tells takes effect, so that there is no change without a line, but for a
version that is taken back because it can't be loaded; a process that dies in between leaves a line whose change the
next line doesn't start from. It holds no text. Workers and replicas that share the folder take turns by the file's
lock.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from scopesift_files.errors import ScopesiftError

FILE = "audit.jsonl"
UNRECORDED = "the audit trail cannot be written, and no change is made without it; see the service's log"
MODE = 0o600


class Action(StrEnum):
    """What was done to a classifier.

    Attributes:
        TRANSFER: A rule for a language was made.
        ACTIVATE: A stored version was put into use.
        TAKE_BACK: The version before was put back, because the new one can't be loaded.
        RENAME: A feature was named.
        MUTE: A feature was muted.
    """

    TRANSFER = "transfer"
    ACTIVATE = "activate"
    TAKE_BACK = "take_back"
    RENAME = "rename"
    MUTE = "mute"


class AuditError(ScopesiftError):
    """The audit trail cannot be read or written."""


@dataclass(frozen=True)
class Change:
    """One change of a classifier.

    Attributes:
        who: Name of the admin token's holder.
        action: What was done.
        classifier: Its name.
        version: The version that it has made or put into use.
        previous: The version in use before; None: not known.
        in_use: Whether the version is in use from now on; if not, it is a draft.
        about: What else there is to say, without texts: the language, the number of examples, the feature.
    """

    who: str
    action: Action
    classifier: str
    version: str
    previous: str | None
    in_use: bool = True
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trail:
    """The newest changes.

    Attributes:
        entries: As they were written, the newest first.
        unreadable: Number of lines that hold no change, such as half a line of a disk that was full.
    """

    entries: list[dict[str, Any]]
    unreadable: int


class AuditLog:
    """The audit trail of one state folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def append(self, change: Change) -> None:
        """Add a change; it is on disk afterwards.

        Raises:
            AuditError: It cannot be written; nothing is left of it.
        """
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "who": change.who,
            "action": change.action,
            "classifier": change.classifier,
            "version": change.version,
            "previous": change.previous,
            "in_use": change.in_use,
            **change.about,
        }
        line = json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists()
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if is_new:
                    _sync_folder(self.path.parent)
                _append_whole(handle, line)
            finally:
                os.close(handle)
        except OSError as error:
            raise AuditError(
                f"the audit trail {self.path} cannot be written ({error.strerror}); nothing was changed"
            ) from None

    def latest(self, most: int, classifier: str | None = None) -> Trail:
        """The newest changes.

        Args:
            most: Number of changes.
            classifier: Only those of this one.

        Raises:
            AuditError: The file cannot be read.
        """
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return Trail([], 0)
        except OSError as error:
            raise AuditError(f"the audit trail {self.path} cannot be read ({error.strerror})") from None
        read = [_entry(line) for line in reversed(lines)]
        found = [one for one in read if one is not None and classifier in (None, one["classifier"])]
        return Trail(found[:most], read.count(None))


def _append_whole(handle: int, line: bytes) -> None:
    """Write a line at the end; what cannot be written whole is taken back."""
    size = os.fstat(handle).st_size
    # a writer that was killed may have left half a line: the next one starts on a line of its own
    torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
    data = b"\n" + line if torn else line
    try:
        written = 0
        while written < len(data):
            written += os.write(handle, data[written:])
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size)
        raise


def _sync_folder(folder: Path) -> None:
    """The file's entry in its folder, which a first line makes."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    known = {"time", "who", "action", "classifier", "version", "previous", "in_use"}
    return entry if isinstance(entry, dict) and known <= entry.keys() else None
