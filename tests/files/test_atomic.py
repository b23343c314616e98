"""Atomic writes."""

import errno
import os

import pytest
from scopesift_files.atomic import write_atomically
from scopesift_files.errors import ScopeError


def test_a_path_below_a_file_is_told_to_be_changed_and_not_to_free_space(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(ScopeError, match=r"; choose another folder$"):
        write_atomically(tmp_path / "file" / "a.json", lambda path: path.write_text("{}"))
    assert (tmp_path / "file").read_text() == "kept"


def test_on_a_full_disk_space_is_to_be_freed_and_the_old_file_stays(tmp_path):
    target = tmp_path / "a.json"
    target.write_text("old")

    def fill(_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ScopeError, match="free space or choose another folder"):
        write_atomically(target, fill)
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert target.read_text() == "old"
