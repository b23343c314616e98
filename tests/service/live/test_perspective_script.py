"""The script of docs/migrate-from-perspective.md, written for Google's service."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).parents[3] / "examples" / "perspective" / "moderate.py"
TOXIC, CLEAN = "They said these hoes lie", "The train leaves at eight."
TOKEN = "an-admin-token-of-28-letters"
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from scopesift_service.local_server import LocalServer

    state = tmp_path_factory.mktemp("perspective") / "state"
    settings = {
        "OMP_NUM_THREADS": "1",
        "SCOPESIFT_SCOPE": "nano",
        "SCOPESIFT_STATE": str(state),
        "SCOPESIFT_ADMIN_TOKEN": TOKEN,
        "SCOPESIFT_PERSPECTIVE_MISSING": "omit",
    }
    with LocalServer(settings) as running:
        running.wait(900)
        yield running


def run(server, *texts):
    environment = {**os.environ, "PERSPECTIVE_URL": server.url}
    return subprocess.run(
        [sys.executable, str(SCRIPT), "any-key", *texts],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_a_script_for_googles_service_runs_with_only_its_url_changed(server):
    done = run(server, TOXIC, CLEAN)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == TOXIC
    # what no classifier assesses is left out, so that no score stands under a name that it was not measured for
    assert not any(name in done.stdout for name in ("SEVERE_TOXICITY", "INSULT", "THREAT"))
    assert lines[1].startswith("  TOXICITY 0.")
    assert "hoes'" in lines[2]
    assert lines[lines.index(CLEAN) + 1].startswith("  TOXICITY 0.")


def test_the_decisions_that_it_sends_back_are_counted_as_suggestions_for_the_language(server):
    import httpx

    assert run(server, TOXIC, "--decision", "toxic").returncode == 0
    assert run(server, TOXIC, "--decision", "toxic").returncode == 0
    assert run(server, CLEAN).returncode == 0
    shown = httpx.get(f"{server.url}/v1/classifiers/toxicity", timeout=60).json()
    assert shown["suggestions"]["en"]["stored"] == 1


def test_a_server_that_is_away_is_one_line_too(server):
    done = run(SimpleNamespace(url="http://127.0.0.1:9"), CLEAN)
    assert done.returncode == 1
    assert done.stderr.startswith("http://127.0.0.1:9 does not answer")
    assert "Traceback" not in done.stderr


def test_an_error_of_the_service_is_one_line_of_the_script(server):
    done = run(server, "")
    assert done.returncode == 1
    assert done.stderr.startswith("400: ")
    assert "empty" in done.stderr
