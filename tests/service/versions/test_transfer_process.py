"""A transfer runs in a process that ends with the call that wanted it."""

import asyncio
import os
import time

import pytest
from scopesift_service.http.errors import ServiceError
from scopesift_service.versions import transfer_process

SLEEPER = "import os, sys, time; open({path!r}, 'w').write(str(os.getpid())); time.sleep(60)"


@pytest.fixture
def pid_file(tmp_path, monkeypatch):
    """Where a job that never ends writes its process id."""
    path = tmp_path / "pid"
    (tmp_path / "never_ending_job.py").write_text(SLEEPER.format(path=str(path)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(transfer_process, "JOB", "never_ending_job")
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


def test_a_call_that_is_cancelled_ends_its_transfer(pid_file):
    async def run():
        call = asyncio.create_task(transfer_process.run_transfer({}, 60))
        pid = await begun(pid_file)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return pid

    assert not is_running(asyncio.run(run()))


def test_a_transfer_over_time_is_ended_and_a_503(pid_file):
    with pytest.raises(ServiceError) as caught:
        asyncio.run(transfer_process.run_transfer({}, 1))
    assert caught.value.status == 503
    assert not pid_file.exists() or not is_running(int(pid_file.read_text()))
