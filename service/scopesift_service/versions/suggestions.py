"""Moderators' decisions about texts as labelled examples of one classifier: SQLite in the state folder.

Rows are added and never changed. A decision that repeats the last one about a text adds none; of several about a text
the last one counts. Beyond a number of rows the oldest are deleted. A row is on disk when `add` returns.

The rollback journal, not the write-ahead log: the latter needs shared memory, which replicas on several machines don't
have. Both need a file system whose locks work, as the versions do.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scopesift_files.errors import ScopesiftError, first_line

FILE = "suggestions.sqlite3"
SCHEMA = 1
LOCK_SECONDS = 10.0
# owner only: unlike everything else in the state folder it holds texts
MODE = 0o600
CREATE = (
    "CREATE TABLE suggestions (id INTEGER PRIMARY KEY, lang TEXT NOT NULL, key BLOB NOT NULL, text TEXT NOT NULL,"
    " label TEXT NOT NULL, seconds REAL NOT NULL)",
    "CREATE INDEX by_text ON suggestions (lang, key)",
    "CREATE TABLE taken (lang TEXT PRIMARY KEY, until INTEGER NOT NULL)",
    f"PRAGMA user_version = {SCHEMA}",
)
LAST = "SELECT label FROM suggestions WHERE lang = ? AND key = ? ORDER BY id DESC LIMIT 1"
ADD = "INSERT INTO suggestions (lang, key, text, label, seconds) VALUES (?, ?, ?, ?, ?)"
# only the oldest are ever deleted, so ids have no gaps
BOUND = "DELETE FROM suggestions WHERE id <= (SELECT max(id) FROM suggestions) - ?"
LATEST = (
    "SELECT id, text, label FROM suggestions WHERE id IN"
    " (SELECT max(id) FROM suggestions WHERE lang = ? GROUP BY key ORDER BY max(id) DESC LIMIT ?) ORDER BY id"
)
COUNTS = (
    "SELECT lang, count(*), sum(id > coalesce(until, 0)) FROM"
    " (SELECT lang, max(id) AS id FROM suggestions GROUP BY lang, key) LEFT JOIN taken USING (lang)"
    " GROUP BY lang ORDER BY lang"
)
TAKE = (
    "INSERT INTO taken (lang, until) VALUES (?, ?)"
    " ON CONFLICT (lang) DO UPDATE SET until = max(until, excluded.until)"
)


class SuggestionsError(ScopesiftError):
    """The file cannot be read or written; the message holds no text."""


@dataclass(frozen=True)
class Suggestion:
    """A decision about a text.

    Attributes:
        text: The text.
        label: A label of the classifier; of a binary one also the negative label.
        lang: The text's language.
    """

    text: str
    label: str
    lang: str


@dataclass(frozen=True)
class LatestSuggestions:
    """The last decision about each of the newest texts of a language, the oldest first.

    Attributes:
        texts: N texts.
        labels: N labels.
        until: Id of the newest row; None without rows.
    """

    texts: list[str]
    labels: list[str]
    until: int | None


class Suggestions:
    """The suggestions of one classifier; several processes may use the same file."""

    def __init__(self, home: Path, most: int) -> None:
        """Name the file; it is made by the first suggestion.

        Args:
            home: The classifier's folder, see `Registry.home`.
            most: Number of rows to keep.
        """
        self.path = home / FILE
        self._most = most

    def add(self, suggestions: Sequence[Suggestion]) -> int:
        """Store decisions durably, all in one transaction, which costs no more than one.

        Returns:
            The number of new rows; a decision that repeats the last one about its text has none.

        Raises:
            SuggestionsError: The file cannot be written.
        """
        added = 0
        with self._writing() as database:
            for one in suggestions:
                key = hashlib.sha256(one.text.encode("utf-8")).digest()
                if database.execute(LAST, (one.lang, key)).fetchone() != (one.label,):
                    database.execute(ADD, (one.lang, key, one.text, one.label, time.time()))
                    added += 1
            database.execute(BOUND, (self._most,))
        return added

    def latest(self, lang: str, most: int) -> LatestSuggestions:
        """The newest texts of a language, each with the last decision about it.

        Args:
            lang: The language.
            most: Number of texts.

        Raises:
            SuggestionsError: The file cannot be read.
        """
        rows = self._read(LATEST, (lang, most))
        return LatestSuggestions(
            [text for _, text, _ in rows], [label for *_, label in rows], rows[-1][0] if rows else None
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """By language: "stored", texts with a decision, and "new", those decided after what a transfer took last.

        Raises:
            SuggestionsError: The file cannot be read.
        """
        return {lang: {"stored": stored, "new": new} for lang, stored, new in self._read(COUNTS)}

    def mark_taken(self, lang: str, until: int) -> None:
        """Remember up to which row a transfer has taken the suggestions of a language.

        Raises:
            SuggestionsError: The file cannot be written.
        """
        with self._writing() as database:
            database.execute(TAKE, (lang, until))

    def _read(self, query: str, values: tuple[str | int, ...] = ()) -> list[Any]:
        if not self.path.exists():
            return []
        with self._reported(), closing(self._open()) as database:
            if self._is_empty(database):
                return []
            return database.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on disk afterwards; the tables are made if there are none."""
        with self._reported():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE))
            with closing(self._open()) as database:
                # takes the lock now: a transaction that read first could not wait for another's end
                database.execute("BEGIN IMMEDIATE")
                if self._is_empty(database):
                    for statement in CREATE:
                        database.execute(statement)
                yield database
                database.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=LOCK_SECONDS, isolation_level=None)
        database.execute("PRAGMA journal_mode = TRUNCATE")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA secure_delete = ON")
        return database

    def _is_empty(self, database: sqlite3.Connection) -> bool:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, SCHEMA):
            raise SuggestionsError(
                f"{self.path} has the form {version} of a newer scopesift, this one reads {SCHEMA}; update it"
            )
        return bool(version == 0)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise SuggestionsError(
                f"{self.path} cannot be used ({first_line(error)}); check the state folder's disk and locks"
            ) from None
