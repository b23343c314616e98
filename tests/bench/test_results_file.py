"""Which commit a number is said to come from."""

import pytest

from bench import results_file


@pytest.fixture
def git(monkeypatch):
    """What git says: the commit, and the Python files that differ from it."""
    monkeypatch.delenv("SCOPESIFT_COMMIT", raising=False)
    said = {"rev-parse": "abc1234", "diff": ""}
    monkeypatch.setattr(results_file, "_said", lambda command: said[command[1]])
    return said


def test_a_number_names_the_commit_of_the_code_and_whether_the_code_was_changed(git):
    assert results_file._commit() == "abc1234"
    git["diff"] = "bench/encode.py"
    assert results_file._commit() == "abc1234-dirty"


def test_a_copy_without_history_is_told_its_commit_or_knows_none(git, monkeypatch):
    git["rev-parse"] = ""
    assert results_file._commit() == "unknown"
    monkeypatch.setenv("SCOPESIFT_COMMIT", "def5678")
    assert results_file._commit() == "def5678"
