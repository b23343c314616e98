import json
import multiprocessing
import os
import resource
import signal
import time

import pytest
from scopesift_service.versions.audit import Action, AuditError, AuditLog, Change

ONE, TWO = "1" * 12, "2" * 12


def change(who="alice", classifier="toxicity", **about):
    return Change(who, Action.TRANSFER, classifier, TWO, ONE, about=about)


@pytest.fixture
def audit(tmp_path):
    return AuditLog(tmp_path / "state")


def test_an_entry_says_who_when_what_and_from_which_version_to_which(audit):
    audit.append(change(lang="de", examples=16))
    (entry,) = audit.latest(10).entries
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "who": "alice", "action": "transfer", "classifier": "toxicity", "version": TWO, "previous": ONE, "in_use": True,
        "lang": "de", "examples": 16,
    }  # fmt: skip


def test_the_newest_come_first_as_many_as_are_wanted_and_of_one_classifier_if_asked(audit):
    for number in range(5):
        audit.append(change(who=f"n{number}", classifier="toxicity" if number % 2 else "domain"))
    assert [one["who"] for one in audit.latest(2).entries] == ["n4", "n3"]
    assert [one["who"] for one in audit.latest(10, "domain").entries] == ["n4", "n2", "n0"]
    assert [one["who"] for one in AuditLog(audit.path.parent).latest(1).entries] == ["n4"]


def test_a_folder_without_a_trail_has_an_empty_one(audit):
    assert audit.latest(10).entries == []


def test_only_its_owner_may_read_the_file(audit):
    audit.append(change())
    assert audit.path.stat().st_mode & 0o777 == 0o600


def write_many(folder, who, times):
    for number in range(times):
        AuditLog(folder).append(change(who=who, number=number, filler="x" * 5000))


def test_many_processes_write_whole_lines_and_lose_none(audit):
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_many, args=(audit.path.parent, f"n{n}", 25)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    trail = audit.latest(1000)
    assert trail.unreadable == 0
    for n in range(4):
        own = [one["number"] for one in reversed(trail.entries) if one["who"] == f"n{n}"]
        assert own == list(range(25))


def write_for_ever(folder):
    number = 0
    while True:
        AuditLog(folder).append(change(number=number))
        number += 1


def test_a_writer_killed_at_any_moment_loses_no_line_before_and_spoils_none_after(audit):
    context = multiprocessing.get_context("fork")
    for round_ in range(8):
        writer = context.Process(target=write_for_ever, args=(audit.path.parent,))
        writer.start()
        time.sleep(0.02 + 0.007 * round_)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        audit.append(change(who="after"))
        assert audit.latest(1).entries[0]["who"] == "after"


def test_half_a_line_is_counted_and_the_next_one_stands_alone(audit):
    audit.append(change(who="before"))
    with audit.path.open("ab") as file:
        file.write(b'{"time": "2026-01-')
    audit.append(change(who="after"))
    trail = audit.latest(10)
    assert ([one["who"] for one in trail.entries], trail.unreadable) == (["after", "before"], 1)


def test_what_cannot_be_written_is_an_error_and_leaves_the_file_as_it_was(audit):
    audit.append(change())
    before = audit.path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))
        with pytest.raises(AuditError, match="nothing was changed"):
            audit.append(change(filler="x" * 500))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert audit.path.read_bytes() == before


def test_lines_are_plain_json_that_other_programs_can_read(audit):
    audit.append(change(feature="4:5023", given_name="Beschimpfung ü\u2028"))
    (line,) = audit.path.read_bytes().splitlines()
    assert line.isascii()
    assert json.loads(line)["given_name"] == "Beschimpfung ü\u2028"
