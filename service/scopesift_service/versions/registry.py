"""Classifier versions on disk: immutable files, and per classifier a pointer to the version in use.

    <state>/<classifier>/versions/<version>.json     artifacts, written once
    <state>/<classifier>/active.json                 {"version", "previous"}, replaced by rename
    <state>/<classifier>/.lock                       flock, held while a version is made or activated
    <state>/<classifier>/suggestions.sqlite3         moderators' decisions, see `suggestions`
    <state>/audit.jsonl                              who changed what, see `audit`

A process that dies leaves either the old pointer or the new one, and at most an unused version. Workers and replicas
that share the folder detect a change by the pointer's stamp.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from scopesift_files.atomic import write_atomically
from scopesift_files.errors import InputError, ScopesiftError, UsageError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z", re.ASCII)
VERSION_PATTERN = "[0-9a-f]{12}"
VERSION = re.compile(VERSION_PATTERN + r"\Z", re.ASCII)
POLL_SECONDS = 0.1
LEFTOVER_SECONDS = 3600
Stamp = tuple[int, int, int] | None


class BusyError(ScopesiftError):
    """Another process or call holds a classifier's lock."""


class Registry:
    """The versions in one state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def require_writable(self) -> None:
        """Make the folder if there is none, and write into it.

        Raises:
            UsageError: It cannot be made or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", suffix=".part"):
                pass
        except OSError as error:
            taken = self.folder.exists() and not self.folder.is_dir()
            reason = "it is not a folder" if taken else error.strerror
            raise UsageError(
                f"the state folder {self.folder} cannot be written ({reason}); set SCOPESIFT_STATE to one that can"
            ) from None

    def home(self, name: str) -> Path:
        """A classifier's folder, whether it exists or not.

        Raises:
            UsageError: An invalid name.
        """
        if not NAME.match(name):
            raise UsageError("a classifier's name has 1 to 64 letters, digits, '_', '.' or '-'")
        return self.folder / name

    def path(self, name: str, version: str) -> Path:
        """Path of a version, whether it exists or not.

        Raises:
            UsageError: An invalid name or version.
        """
        if not VERSION.match(version):
            raise UsageError("a version is 12 hexadecimal digits")
        return self.home(name) / "versions" / f"{version}.json"

    def store(self, name: str, version: str, artifact: str) -> Path:
        """Store an artifact under its version; an existing file is left unchanged.

        Raises:
            ScopeError: The folder cannot be written.
        """
        path = self.path(name, version)
        if not path.exists():
            write_atomically(path, lambda temporary: temporary.write_text(artifact, encoding="utf-8"))
        return path

    def require(self, name: str, version: str) -> None:
        """Check that a version is stored.

        Raises:
            UsageError: It is not.
        """
        if not self.path(name, version).is_file():
            raise UsageError(f"classifier {name!r} has no version {version}")

    def versions(self, name: str) -> list[tuple[str, float]]:
        """Stored versions with their creation time in seconds since 1970, newest first."""
        found = []
        for path in (self.home(name) / "versions").glob("*.json"):
            if VERSION.match(path.stem):
                found.append((path.stem, path.stat().st_mtime))
        return sorted(found, key=lambda item: (-item[1], item[0]))

    def langs(self, name: str, version: str) -> list[str]:
        """Languages for which a stored version has its own decision; none if it can't be read."""
        try:
            content = json.loads(self.path(name, version).read_text(encoding="utf-8"))
            return sorted(map(str, content["by_lang"]))
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def active(self, name: str) -> str | None:
        """The version that the pointer names; None without a pointer.

        Raises:
            InputError: The pointer file is invalid.
        """
        pointer = self._pointer(name)
        return None if pointer is None else str(pointer["version"])

    def previous(self, name: str) -> str | None:
        """The version in use before the one that the pointer names; None if there was none.

        Raises:
            InputError: The pointer file is invalid.
        """
        pointer = self._pointer(name)
        before = None if pointer is None else pointer.get("previous")
        return None if pointer is None or before in (None, pointer["version"]) else str(before)

    def activate(self, name: str, version: str) -> str | None:
        """Set the pointer to a stored version; the caller must hold the lock.

        Returns:
            The version in use before, None if there was no pointer. If this version was in use already, its
            predecessor.

        Raises:
            UsageError: No such version.
            ScopeError: The folder cannot be written.
        """
        self.require(name, version)
        try:
            previous = self.active(name)
            if previous == version:
                previous = self.previous(name)
        except InputError:
            previous = None  # this call replaces a damaged pointer
        text = json.dumps({"version": version, "previous": previous}) + "\n"
        write_atomically(
            self.home(name) / "active.json", lambda temporary: temporary.write_text(text, encoding="utf-8")
        )
        return previous

    def stamp(self, name: str) -> Stamp:
        """A value that changes whenever the pointer is replaced; cheap enough to check for every batch."""
        try:
            status = (self.home(name) / "active.json").stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def remove_leftovers(self, name: str) -> None:
        """Delete old temporary files of killed writers; recent ones may still be in use."""
        for path in self.home(name).rglob(".*.part"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > LEFTOVER_SECONDS:
                    path.unlink()

    @contextmanager
    def lock(self, name: str, *, seconds: float) -> Iterator[None]:
        """Hold a classifier's lock, across processes and replicas; the kernel releases it when the holder dies.

        Args:
            name: The classifier.
            seconds: How long to wait for it.

        Raises:
            BusyError: It was not released in time.
            UsageError: The folder cannot be written.
        """
        home = self.home(name)
        try:
            home.mkdir(parents=True, exist_ok=True)
            handle = os.open(home / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise UsageError(f"the state folder {self.folder} cannot be written ({error.strerror})") from None
        try:
            _take(handle, name, time.monotonic() + seconds)
            yield
        finally:
            os.close(handle)

    def _pointer(self, name: str) -> dict[str, Any] | None:
        path = self.home(name) / "active.json"
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if not VERSION.match(content["version"]):
                raise ValueError
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(f"{path} does not name a version; activate one again") from None
        return content


def _take(handle: int, name: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise BusyError(f"classifier {name!r} is being changed by another call; try again") from None
            time.sleep(POLL_SECONDS)
