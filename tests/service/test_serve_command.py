import os
import socket

import pytest
from scopesift_files.errors import UsageError

from scopesift.commands import serve as serve_command


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What the command would become instead of itself."""
    calls = []
    monkeypatch.setattr(
        os, "execve", lambda path, arguments, environment: calls.append((arguments, environment))
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith(("SCOPESIFT_", "BENTOML_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SCOPESIFT_SCOPE", "nano")
    return calls


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_it_serves_on_loopback_with_telemetry_off(started, port, monkeypatch, tmp_path):
    monkeypatch.setenv("BENTOML_DO_NOT_TRACK", "1")
    serve_command.serve("127.0.0.1", port)
    ((arguments, environment),) = started
    assert arguments[1:] == [
        "-m", "bentoml", "serve", "scopesift_service.api:Moderation", "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    assert environment["BENTOML_DO_NOT_TRACK"] == "true"
    assert environment["BENTOML_HOME"].startswith(str(tmp_path))


def test_two_ports_have_homes_of_their_own(started, port, monkeypatch):
    monkeypatch.setattr(serve_command, "_require_free", lambda address, port: None)
    serve_command.serve("127.0.0.1", port)
    serve_command.serve("127.0.0.1", port + 1 if port < 65535 else port - 1)
    assert len({environment["BENTOML_HOME"] for _, environment in started}) == 2


def test_a_taken_port_is_one_line(started):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="cannot listen on"):
            serve_command.serve("127.0.0.1", taken.getsockname()[1])
    assert not started


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SCOPE", "nothing-of-the-kind", "nothing-of-the-kind"),
        ("CLASSIFIERS", "nothing.json", "nothing.json"),
        ("MAX_TEXTS", "many", "SCOPESIFT_MAX_TEXTS"),
        ("HEAD", "tensor", "one of torch, onnx, got 'tensor'"),
        ("PERSPECTIVE_ATTRIBUTES", "INSULT=insult", "INSULT names the classifier 'insult'"),
    ],
)
def test_a_wrong_setting_is_one_line_before_anything_starts(started, port, monkeypatch, name, value, message):
    monkeypatch.setenv(f"SCOPESIFT_{name}", value)
    with pytest.raises(UsageError, match=message):
        serve_command.serve("127.0.0.1", port)
    assert not started


@pytest.mark.parametrize("below", ["", "/below"])
def test_a_state_folder_that_cannot_be_is_one_line_before_anything_starts(
    started, port, monkeypatch, tmp_path, below
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SCOPESIFT_STATE", f"{tmp_path}/file{below}")
    with pytest.raises(
        UsageError, match=r"state folder .* cannot be written .*[Nn]ot a .*SCOPESIFT_STATE"
    ) as told:
        serve_command.serve("127.0.0.1", port)
    assert "free space" not in str(told.value)
    assert not started


def test_a_state_folder_is_made_if_there_is_none(started, port, monkeypatch, tmp_path):
    monkeypatch.setenv("SCOPESIFT_STATE", str(tmp_path / "new" / "state"))
    serve_command.serve("127.0.0.1", port)
    assert list((tmp_path / "new" / "state").iterdir()) == []
    assert started


def test_an_address_that_is_none_is_one_line(started, port):
    with pytest.raises(UsageError, match="--host takes an IP address"):
        serve_command.serve("example.org", port)


def test_the_start_is_said_on_one_line_that_names_the_pages(started, port, capsys):
    serve_command.serve("127.0.0.1", port)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"http://127.0.0.1:{port} ")
    for path in ("playground is at /,", "documentation at /docs,", "OpenAPI document at /openapi.json"):
        assert path in line


def test_open_to_the_network_without_keys_is_said(started, port, monkeypatch, capsys):
    serve_command.serve("0.0.0.0", port)
    assert "SCOPESIFT_API_KEYS" in capsys.readouterr().err
