"""A job runs in a process that ends with the call that wanted it."""

import asyncio
import os
import time

import pytest
from scopesift_service.http.errors import ServiceError
from scopesift_service.jobs.process import Kind, run_job

NEVER_ENDING = Kind("transfer", "never_ending_job", "send fewer examples")
DYING, QUOTING = Kind("transfer", "dying_job", ""), Kind("steering", "quoting_job", "")
SLEEPER = "import os, sys, time; open({path!r}, 'w').write(str(os.getpid())); time.sleep(60)"

QUOTER = """
from scopesift_files.errors import ScopeError
from scopesift_service.jobs.process import STEERING, answer_job

def run(job, settings):
    raise {error}("a file is missing" if {error} is ScopeError else job["prompt"])

answer_job(STEERING, run)
"""


@pytest.fixture
def pid_file(tmp_path, monkeypatch):
    """Where a job that never ends writes its process id."""
    path = tmp_path / "pid"
    (tmp_path / "never_ending_job.py").write_text(SLEEPER.format(path=str(path)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return path


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def begun(path):
    end = time.monotonic() + 20
    while not path.exists() or not path.read_text():
        assert time.monotonic() < end, "the job never began"
        await asyncio.sleep(0.01)
    return int(path.read_text())


def test_a_call_that_is_cancelled_ends_its_job(pid_file):
    async def run():
        call = asyncio.create_task(run_job(NEVER_ENDING, {}, 60))
        pid = await begun(pid_file)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return pid

    assert not is_running(asyncio.run(run()))


def test_a_job_over_time_is_ended_and_a_503(pid_file):
    with pytest.raises(ServiceError) as caught:
        asyncio.run(run_job(NEVER_ENDING, {}, 1))
    assert caught.value.status == 503
    assert caught.value.message == "the transfer took over 1 s; send fewer examples"
    assert not pid_file.exists() or not is_running(int(pid_file.read_text()))


def test_a_job_that_died_is_a_500_that_says_nothing_was_changed(tmp_path, monkeypatch):
    (tmp_path / "dying_job.py").write_text("import os; os._exit(1)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ServiceError, match="the transfer process died; nothing was changed") as caught:
        asyncio.run(run_job(DYING, {}, 20))
    assert caught.value.status == 500


@pytest.mark.parametrize("error", ["KeyError", "ScopeError"])
def test_what_fails_unforeseen_is_a_500_that_repeats_nothing_of_the_job(tmp_path, monkeypatch, capfd, error):
    (tmp_path / "quoting_job.py").write_text(QUOTER.format(error=error))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with pytest.raises(ServiceError, match="the steering failed; see the service's log") as caught:
        asyncio.run(run_job(QUOTING, {"name": None, "prompt": "secret"}, 60))
    assert caught.value.status == 500
    logged = capfd.readouterr().err
    assert "a steering failed" in logged
    assert "secret" not in logged
