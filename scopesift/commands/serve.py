"""`scopesift serve`: the moderation service on this machine."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from scopesift_files.errors import UsageError

from scopesift.commands.choices import BackendOption
from scopesift.terminal.streams import say

SERVICE = "scopesift_service.api:Moderation"


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0: all interfaces.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3000,
    backend: BackendOption = None,
) -> None:
    """Serve OpenAI's and Perspective's moderation APIs, and a playground at /, until Ctrl-C.

    Settings are environment variables (docs/service.md), such as SCOPESIFT_API_KEYS.

    Example: `SCOPESIFT_API_KEYS=$(openssl rand -hex 16) scopesift serve --host 0.0.0.0`
    """
    if importlib.util.find_spec("bentoml") is None:
        raise UsageError("the service needs BentoML; install it with `pip install 'scopesift[service]'`")
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise UsageError(f"--host takes an IP address such as 127.0.0.1 or 0.0.0.0, not {host!r}") from None
    from scopesift_classifiers.judging.engine import Engine
    from scopesift_classifiers.judging.loading import in_precision_of
    from scopesift_classifiers.onnx.encoders import choose_encoder
    from scopesift_features.scope import Scope
    from scopesift_service.http import paths
    from scopesift_service.settings import BACKEND_SETTING, ServiceSettings
    from scopesift_service.versions.registry import Registry
    from scopesift_service.versions.starting import start_classifiers

    given = {} if backend is None else {BACKEND_SETTING: backend}
    chosen = ServiceSettings.from_env({**os.environ, **given})
    # otherwise every engine process prints what is wrong repeatedly
    if chosen.state is not None:
        Registry(chosen.state).require_writable()
    scope = Scope.load(chosen.scope, device=chosen.device)
    encoder = choose_encoder(chosen.head, scope.device)
    classifiers = start_classifiers(scope, chosen)
    Engine(in_precision_of(classifiers, scope), classifiers, backend=chosen.backend, encoder=encoder)
    _require_free(str(address), port)
    if not address.is_loopback and not chosen.api_keys:
        say(f"{host} is reachable from the network and SCOPESIFT_API_KEYS is not set: everybody can use it")
    say(
        f"http://{address}:{port} in a few seconds; the playground is at {paths.PLAYGROUND}, the API's documentation "
        f"at {paths.DOCS}, its OpenAPI document at {paths.OPENAPI}"
    )
    # BentoML's names; it ignores values other than true
    environment = {"BENTOML_HOME": str(_home(port)), **os.environ, **given, "BENTOML_DO_NOT_TRACK": "true"}
    arguments = ["-m", "bentoml", "serve", SERVICE, "--host", str(address), "--port", str(port)]
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *arguments], environment)  # noqa: S606


def _require_free(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise UsageError(
                f"cannot listen on {address}:{port} ({error.strerror}); try another --port"
            ) from None


def _home(port: int) -> Path:
    """A folder for BentoML's run files, one per port, since servers with the same folder would share their metrics."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    home = cache / "scopesift" / f"serve-{port}"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="scopesift-serve-"))
    return home
