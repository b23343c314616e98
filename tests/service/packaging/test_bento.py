"""`bentoml build` gives a bento that serves by itself, where scopesift is not installed."""

import json
import os
import re
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

import pytest

pytest.importorskip("bentoml")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def bento(tmp_path_factory):
    """The bento's folder, built into a store of the test's own."""
    home = tmp_path_factory.mktemp("bentoml")
    environment = {**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "true"}
    command = [sys.executable, "-m", "bentoml", "build", "-o", "tag", str(ROOT)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (tag,) = re.findall(r"scopesift:(\w+)", done.stdout.splitlines()[-1])
    return home / "bentos" / "scopesift" / tag


@pytest.fixture(scope="module")
def clean_python(tmp_path_factory):
    """An interpreter that has the packages of this environment, but not scopesift."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    packages = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    # a path from a .pth file is not searched for .pth files itself, so an editable scopesift stays out
    (site / "packages.pth").write_text(f"{packages}\n")
    python = folder / "bin" / "python"
    found = subprocess.run([python, "-c", "import scopesift"], cwd=folder, capture_output=True, check=False)
    if found.returncode == 0:
        pytest.skip(
            "scopesift is installed as a wheel beside its dependencies; the bento could not be told apart"
        )
    return str(python)


def test_the_bento_holds_the_bundled_scopes_their_classifiers_and_the_playground(bento):
    held = {str(path.relative_to(bento / "src")) for path in (bento / "src").rglob("*") if path.is_file()}
    bundled = ROOT / "scopesift/bundled"
    assert {str(path.relative_to(ROOT)) for path in bundled.rglob("*") if path.is_file()} <= held
    assert "service/scopesift_service/playground/shell/shell.html" in held
    assert not [
        name for name in held if "__pycache__" in name or name.startswith(("tests/", "bench/", "recipes/"))
    ]


def test_the_dockerfile_runs_as_a_user_and_copies_only_what_is_there(bento):
    lines = (bento / "env/docker/Dockerfile").read_text().splitlines()
    base = next(line for line in lines if line.startswith("FROM "))
    assert re.search(r":\d[\w.-]*( |$)", base), f"no pinned tag: {base}"
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users[-1:] == ["bentoml"]
    assert next(at for at, line in enumerate(lines) if line == "USER bentoml") < next(
        at for at, line in enumerate(lines) if line.startswith("ENTRYPOINT")
    )
    for line in lines:
        assert not line.startswith("ADD "), line
        if line.startswith("COPY "):
            source = line.split()[2]
            assert (bento / source).exists(), line
        if re.match(r"(ENV|ARG) ", line):
            assert not re.search(r"TOKEN|KEY|SECRET|PASSWORD", line), line
    text = "\n".join(lines)
    assert "ENV BENTOML_DO_NOT_TRACK=" in text
    assert "ENV BENTOML_HOME=" in text.split("ARG BENTOML_HOME=/tmp/bentoml")[1]


def test_the_bento_serves_from_its_own_folder_without_scopesift_installed(bento, clean_python):
    from scopesift_service.local_server import LocalServer

    with LocalServer({"PYTHONPATH": ""}, target=".", python=clean_python, folder=bento) as server:
        server.wait()
        body = json.dumps({"texts": ["Der Zug kommt um acht."]}).encode()
        request = urllib.request.Request(
            f"{server.url}/v1/classify", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            (result,) = json.load(answer)["results"]
        with urllib.request.urlopen(f"{server.url}/", timeout=60) as answer:
            assert b"scopesift playground</title>" in answer.read()
        assert server.stop() == 0
    assert result["language"]["label"] == "de"
    assert {"toxicity", "language", "domain", "sentiment", "task-type"} <= result["classifiers"].keys()
