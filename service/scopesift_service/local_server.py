"""Starts and stops the service on a free local port, for the demo, benchmarks and tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from scopesift_files.errors import ScopesiftError

from scopesift_service.http import paths

SERVICE = "scopesift_service.api:Moderation"
HOST = "127.0.0.1"
PATIENCE = 0.2
LOG_LINES = 12


class LocalServer:
    """The service as a child process; a context manager.

    Attributes:
        url: Its root URL without trailing slash.
        process: The supervisor; HTTP and engine processes are its children.
        log: File of its output.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        target: str = SERVICE,
        python: str = sys.executable,
        prefix: Sequence[str] = (),
        folder: Path | None = None,
    ) -> None:
        """Choose a port and start the service; call `wait` before the first request.

        Args:
            settings: Environment variables in addition to this process's.
            target: `module:Service`, or a bento's folder.
            python: The interpreter to use.
            prefix: Command prefix such as `taskset -c 0`.
            folder: Working directory; None: this process's.
        """
        self.port = _free_port()
        self.url = f"http://{HOST}:{self.port}"
        self._home = Path(tempfile.mkdtemp(prefix="scopesift-service-"))
        self.log = self._home / "log"
        environment = {
            **os.environ,
            "BENTOML_HOME": str(self._home),
            "BENTOML_DO_NOT_TRACK": "true",
            **(settings or {}),
        }
        command = [python, "-m", "bentoml", "serve", target, "--host", HOST, "--port", str(self.port)]
        with self.log.open("wb") as log:
            # its own session, so that processes it leaves behind can be found and ended
            self.process = subprocess.Popen(  # noqa: S603
                [*prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        """Return itself; call `wait` for readiness."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def wait(self, seconds: float = 180, on_wait: Callable[[float], None] | None = None) -> None:
        """Wait until `/readyz` answers 200.

        Args:
            seconds: Time limit.
            on_wait: Called with the seconds waited so far.

        Raises:
            ScopesiftError: It ended, or is not ready in time; the message has the end of its log.
        """
        began = time.monotonic()
        while not self.ready():
            waited = time.monotonic() - began
            if self.process.poll() is not None:
                raise ScopesiftError(f"the service ended with code {self.process.returncode}:\n{self.said()}")
            if waited > seconds:
                raise ScopesiftError(f"the service is not ready after {seconds:.0f} s:\n{self.said()}")
            if on_wait is not None:
                on_wait(waited)
            time.sleep(PATIENCE)

    def ready(self) -> bool:
        """Whether `/readyz` answers 200."""
        try:
            with urllib.request.urlopen(self.url + paths.READYZ, timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError, ValueError):
            return False

    def said(self) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])

    def stop(self, seconds: float = 60) -> int:
        """Stop it with SIGTERM, and kill what is left after `seconds`.

        Returns:
            The supervisor's exit code.
        """
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
