import multiprocessing
import os
import signal
import time

import pytest
from scopesift_service.versions.progress import PAUSE, Stage, progress_of, telling


@pytest.fixture
def home(tmp_path):
    return tmp_path / "toxicity"


def test_whoever_asks_is_told_the_stage_and_how_much_of_it_is_done(home):
    assert progress_of(home) is None
    with telling(home, "transfer", "alice") as tell:
        assert progress_of(home) is None
        tell(Stage.READING, 3, 24)
        found = progress_of(home)
        assert 0 <= found.pop("seconds") < 30
        assert found == {"action": "transfer", "who": "alice", "stage": "reading", "done": 3, "of": 24}
        tell(Stage.MEASURING)
        assert progress_of(home)["stage"] == "measuring"
    assert progress_of(home) is None
    assert not (home / "progress.json").exists()


def fail(home):
    with telling(home, "transfer", "alice") as tell:
        tell(Stage.READING, 3, 24)
        raise KeyError


def test_nothing_is_told_after_a_failure(home):
    with pytest.raises(KeyError):
        fail(home)
    assert progress_of(home) is None


def test_one_stage_is_not_written_for_every_text_and_its_end_always_is(home):
    with telling(home, "transfer", "alice") as tell:
        began = time.monotonic()
        for done in range(1, 1001):
            tell(Stage.READING, done, 1000)
        assert time.monotonic() - began < 1000 * PAUSE / 10
        assert progress_of(home)["done"] == 1000


def hold(home, ready):
    with telling(home, "transfer", "alice") as tell:
        tell(Stage.CHOOSING, 1, 9)
        ready.set()
        time.sleep(60)


def test_a_change_in_another_process_is_told_and_one_that_was_killed_is_over(home):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    other = context.Process(target=hold, args=(home, ready))
    other.start()
    assert ready.wait(30)
    assert progress_of(home)["stage"] == "choosing"
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    assert (home / "progress.json").exists()
    assert progress_of(home) is None


def test_a_folder_that_takes_no_file_is_no_obstacle(tmp_path):
    (tmp_path / "file").write_text("")
    with telling(tmp_path / "file" / "toxicity", "mute", "alice") as tell:
        tell(Stage.STORING)


def test_a_change_that_waits_for_another_one_does_not_speak_for_it(home):
    with telling(home, "transfer", "alice") as tell:
        tell(Stage.READING, 3, 24)
        with telling(home, "mute", "bob") as other:
            other(Stage.LOADING)
            assert progress_of(home)["who"] == "alice"
        assert progress_of(home)["who"] == "alice"
    with telling(home, "mute", "bob") as other:
        other(Stage.LOADING)
        assert progress_of(home)["who"] == "bob"
