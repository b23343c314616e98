"""Files that a thread writes: the content is that of the calls, and nothing that is refused is lost."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from recipes.sae.pool import write_behind
from recipes.sae.pool.write_behind import WriteBehind


def test_files_hold_what_was_given_in_its_order_also_where_the_disk_is_slower(tmp_path, monkeypatch):
    monkeypatch.setattr(write_behind, "PIECES_BEHIND", 2)
    pieces = [np.full((rows, 3), rows, np.float16) for rows in (2, 0, 40, 1)]
    files = WriteBehind({4: tmp_path / "4", 8: tmp_path / "8"})
    for piece in pieces:
        files.write({4: piece, 8: -piece})
    files.close()
    whole = np.concatenate(pieces)
    assert (tmp_path / "4").read_bytes() == whole.tobytes()
    assert (tmp_path / "8").read_bytes() == (-whole).tobytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
@pytest.mark.parametrize("behind", [1, 4])
def test_what_a_full_disk_refuses_is_raised_by_a_later_call(monkeypatch, behind):
    monkeypatch.setattr(write_behind, "PIECES_BEHIND", behind)
    files = WriteBehind({4: Path("/dev/full")})
    files.write({4: np.ones(3)})
    later = partial(files.write, {4: np.ones(3)}) if behind == 1 else files.close
    with pytest.raises(OSError, match="No space left"):
        later()
