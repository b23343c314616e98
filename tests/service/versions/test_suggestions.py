"""Moderators' decisions in the state folder: what is kept, and what survives."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from scopesift_service.versions.suggestions import Suggestion, Suggestions, SuggestionsError

WRITER = """
import sys
from pathlib import Path
from scopesift_service.versions.suggestions import Suggestion, Suggestions
stored = Suggestions(Path(sys.argv[1]), int(sys.argv[2]))
for number in range(int(sys.argv[4])):
    text = f"{sys.argv[3]} {number}"
    stored.add([Suggestion(text, "toxic", "de")])
    print(text, flush=True)
"""


def write(home, name, texts, most=10_000):
    """Another process that adds texts and prints each one that is stored."""
    command = [sys.executable, "-c", WRITER, str(home), str(most), name, str(texts)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def decide(stored, text, label, lang):
    return stored.add([Suggestion(text, label, lang)])


def rows(stored):
    database = sqlite3.connect(stored.path)
    try:
        return database.execute("SELECT text, label FROM suggestions ORDER BY id").fetchall()
    finally:
        database.close()


def texts(stored, lang="de", most=10_000):
    return stored.latest(lang, most).texts


@pytest.fixture
def stored(tmp_path):
    return Suggestions(tmp_path / "toxicity", 5)


def test_before_the_first_suggestion_there_is_no_file(stored):
    assert stored.counts() == {}
    assert stored.latest("de", 9).until is None
    assert not stored.path.exists()


def test_a_decision_that_repeats_the_last_one_about_a_text_adds_no_row(stored):
    assert [decide(stored, "a", "toxic", lang) for lang in ("de", "de", "nl")] == [1, 0, 1]
    assert rows(stored) == [("a", "toxic"), ("a", "toxic")]


def test_the_last_decision_about_a_text_counts_and_the_earlier_rows_stay(stored):
    for label in ("toxic", "clean", "toxic", "clean"):
        decide(stored, "a", label, "de")
    decide(stored, "b", "toxic", "de")
    found = stored.latest("de", 9)
    assert (found.texts, found.labels) == (["a", "b"], ["clean", "toxic"])
    assert len(rows(stored)) == 5
    assert stored.counts() == {"de": {"stored": 2, "new": 2}}


def test_beyond_the_bound_the_oldest_rows_go_and_their_bytes_too(stored):
    for number in range(200):
        decide(stored, f"text number {number}", "toxic", "de")
    assert texts(stored) == [f"text number {number}" for number in range(195, 200)]
    content = stored.path.read_bytes()
    assert b"text number 199" in content
    assert b"text number 100" not in content
    assert len(content) < 64 * 1024


def test_the_newest_texts_are_taken_the_oldest_first(stored):
    for text in ("a", "b", "c"):
        decide(stored, text, "toxic", "de")
    decide(stored, "a", "clean", "de")
    assert texts(stored, most=2) == ["c", "a"]


def test_new_ones_are_those_decided_after_the_last_transfer_that_took_them(stored):
    for text in ("a", "b"):
        decide(stored, text, "toxic", "de")
    decide(stored, "a", "toxic", "nl")
    stored.mark_taken("de", stored.latest("de", 9).until)
    assert stored.counts() == {"de": {"stored": 2, "new": 0}, "nl": {"stored": 1, "new": 1}}
    decide(stored, "b", "clean", "de")
    decide(stored, "c", "clean", "de")
    assert stored.counts()["de"] == {"stored": 3, "new": 2}
    stored.mark_taken("de", 1)
    assert stored.counts()["de"] == {"stored": 3, "new": 2}


def test_texts_of_every_kind_come_back_as_they_were(stored):
    kinds = ["", "a\x00b", "\ufffd 😀 👨‍👩‍👧", "x" * 20_480]
    for text in kinds:
        decide(stored, text, "toxic", "de")
    assert texts(stored) == kinds


def test_only_the_owner_may_read_the_file(stored):
    decide(stored, "a", "toxic", "de")
    assert stored.path.stat().st_mode & 0o777 == 0o600


def test_two_processes_that_write_at_once_lose_nothing(tmp_path):
    writers = [write(tmp_path, name, 60) for name in ("one", "two", "three")]
    said = [line for writer in writers for line in writer.communicate()[0].splitlines()]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert sorted(texts(Suggestions(tmp_path, 10_000))) == sorted(said)
    assert len(said) == 180


def test_two_processes_that_write_at_once_keep_the_bound(tmp_path):
    for writer in [write(tmp_path, name, 60, most=50) for name in ("one", "two")]:
        writer.communicate()
    assert len(rows(Suggestions(tmp_path, 50))) == 50


def test_what_was_acknowledged_before_a_kill_is_there(tmp_path):
    stored, said = Suggestions(tmp_path, 10_000), []
    for kill, seconds in enumerate((0.05, 0.11, 0.17, 0.23, 0.31)):
        writer = write(tmp_path, f"writer {kill}", 100_000)
        first = writer.stdout.readline()
        time.sleep(seconds)
        os.kill(writer.pid, signal.SIGKILL)
        rest, _ = writer.communicate()
        # the last line may be cut by the kill
        said += [line.strip() for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]
    assert len(said) > 10
    assert set(said) <= set(texts(stored))
    database = sqlite3.connect(stored.path)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def test_a_file_that_is_none_of_ours_is_one_line(stored):
    stored.path.parent.mkdir()
    stored.path.write_text("no database" * 100)
    for use in (lambda: decide(stored, "a", "toxic", "de"), stored.counts, lambda: stored.latest("de", 9)):
        with pytest.raises(SuggestionsError, match="not a database"):
            use()


def test_a_file_of_a_newer_scopesift_is_left_alone(stored):
    decide(stored, "a", "toxic", "de")
    database = sqlite3.connect(stored.path)
    database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(SuggestionsError, match="newer scopesift"):
        decide(stored, "b", "toxic", "de")
