import errno
import json
import multiprocessing
import os
import signal
import tempfile
import time

import pytest
from scopesift_files.errors import InputError, UsageError
from scopesift_service.versions.registry import BusyError, Registry

ONE, TWO = "1" * 12, "2" * 12


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "state")


def test_a_version_is_written_once_and_never_changed(registry):
    path = registry.store("toxicity", ONE, "first")
    registry.store("toxicity", ONE, "second")
    assert path.read_text() == "first"


def test_the_pointer_names_what_was_activated_and_what_was_before(registry):
    registry.store("toxicity", ONE, "{}")
    registry.store("toxicity", TWO, "{}")
    assert registry.active("toxicity") is None
    assert registry.activate("toxicity", ONE) is None
    assert registry.activate("toxicity", TWO) == ONE
    assert registry.active("toxicity") == TWO
    assert registry.activate("toxicity", ONE) == TWO


def test_no_version_is_its_own_predecessor_however_often_it_is_activated(registry):
    for version in (ONE, TWO):
        registry.store("toxicity", version, "{}")
    assert [registry.activate("toxicity", ONE) for _ in range(2)] == [None, None]
    assert [registry.activate("toxicity", TWO) for _ in range(3)] == [ONE, ONE, ONE]
    assert registry.previous("toxicity") == ONE


def test_a_pointer_that_names_its_own_version_as_the_one_before_has_none_before(registry):
    registry.store("toxicity", ONE, "{}")
    registry.activate("toxicity", ONE)
    (registry.folder / "toxicity" / "active.json").write_text(json.dumps({"version": ONE, "previous": ONE}))
    assert registry.previous("toxicity") is None
    assert registry.activate("toxicity", ONE) is None


def test_every_activation_changes_the_stamp(registry):
    registry.store("toxicity", ONE, "{}")
    stamps = [registry.stamp("toxicity")]
    for _ in range(3):
        registry.activate("toxicity", ONE)
        stamps.append(registry.stamp("toxicity"))
    assert stamps[0] is None
    assert len(set(stamps)) == 4


def test_a_version_that_is_not_stored_cannot_be_activated(registry):
    with pytest.raises(UsageError, match="has no version"):
        registry.activate("toxicity", ONE)


def test_a_damaged_pointer_is_an_error_until_the_next_activation(registry):
    registry.store("toxicity", ONE, "{}")
    registry.activate("toxicity", ONE)
    for damage in ("", "{", "[]", '{"version": 3}', '{"version": "../../x"}'):
        (registry.folder / "toxicity" / "active.json").write_text(damage)
        with pytest.raises(InputError, match="activate one again"):
            registry.active("toxicity")
    registry.activate("toxicity", ONE)
    assert registry.active("toxicity") == ONE


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".hidden", "x" * 65, "a\n"])
def test_a_name_cannot_lead_out_of_the_folder(registry, name):
    with pytest.raises(UsageError):
        registry.store(name, ONE, "{}")
    with pytest.raises(UsageError):
        registry.store("toxicity", name, "{}")


def test_versions_come_newest_first_with_their_languages(registry):
    for version, lang, seconds in ((ONE, "de", 1000), (TWO, "fr", 2000)):
        path = registry.store("toxicity", version, json.dumps({"by_lang": {lang: {}}}))
        os.utime(path, (seconds, seconds))
    assert [version for version, _ in registry.versions("toxicity")] == [TWO, ONE]
    assert registry.langs("toxicity", TWO) == ["fr"]
    assert registry.langs("toxicity", "3" * 12) == []


def hold(folder, ready):
    with Registry(folder).lock("toxicity", seconds=1):
        ready.set()
        time.sleep(60)


def test_a_lock_holds_against_other_processes_and_falls_when_its_holder_is_killed(registry):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=hold, args=(registry.folder, ready))
    holder.start()
    assert ready.wait(30)
    with pytest.raises(BusyError), registry.lock("toxicity", seconds=0.05):
        pass
    with registry.lock("language", seconds=0.05):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with registry.lock("toxicity", seconds=5):
        pass


def test_what_killed_writers_left_is_removed_once_it_is_old(registry):
    path = registry.store("toxicity", ONE, "{}")
    old, young = path.parent / ".a.json.x.part", path.parent / ".b.json.x.part"
    for leftover in (old, young):
        leftover.write_text("half")
    os.utime(old, (1000, 1000))
    registry.remove_leftovers("toxicity")
    assert (old.exists(), young.exists(), path.exists()) == (False, True, True)


def write_for_ever(folder):
    registry = Registry(folder)
    while True:
        for version in (ONE, TWO):
            registry.store("toxicity", version, json.dumps({"by_lang": {}, "filler": "x" * 20000}))
            registry.activate("toxicity", version)


def test_a_writer_killed_at_any_moment_leaves_a_whole_pointer_to_a_whole_version(registry):
    context = multiprocessing.get_context("fork")
    for round_ in range(12):
        writer = context.Process(target=write_for_ever, args=(registry.folder,))
        writer.start()
        time.sleep(0.02 + 0.007 * round_)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        version = registry.active("toxicity")
        if version is not None:
            assert version in (ONE, TWO)
            json.loads(registry.path("toxicity", version).read_text())
    assert registry.active("toxicity") in (ONE, TWO)


def test_a_folder_that_takes_no_file_is_told_with_the_reason(tmp_path, monkeypatch):
    # not by its mode: to root every folder is writable
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    with pytest.raises(UsageError, match=r"cannot be written \(Permission denied\); set SCOPESIFT_STATE"):
        Registry(tmp_path).require_writable()
