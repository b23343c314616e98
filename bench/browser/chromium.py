"""A headless Chromium, driven over its debugging pipe.

The pipe needs no package: messages of the DevTools protocol (https://chromedevtools.github.io/devtools-protocol),
JSON ended by a NUL, on file descriptors 3 and 4 of the browser.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.errors import BenchError

_LAUNCH = """
import fcntl, os, sys
into, out = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 50) for fd in sys.argv[1:3])
os.dup2(into, 3); os.dup2(out, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)
_PATIENCE = 60


def find_chromium() -> str | None:
    """Path of an installed Chromium or Chrome; None if there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class Chromium:
    """One tab of a headless browser.

    Attributes:
        complaints: Exceptions of the page's scripts, and what its Content-Security-Policy refused.
    """

    def __init__(self, profile: Path) -> None:
        """Start the browser.

        Args:
            profile: An empty folder for its profile.

        Raises:
            BenchError: No Chromium on this machine.
        """
        chromium = find_chromium()
        if chromium is None:
            raise BenchError("no Chromium on this machine; install chromium or google-chrome")
        into, self._to = os.pipe()
        self._from, out = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603
            [
                *(sys.executable, "-c", _LAUNCH, str(into), str(out), chromium),
                *(*_FLAGS, f"--user-data-dir={profile}", "about:blank"),
            ],
            pass_fds=(into, out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(into)
        os.close(out)
        self._left, self._last = b"", 0
        self.complaints: list[str] = []
        self._session: str | None = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Result of one command of the protocol.

        Raises:
            BenchError: The browser refuses it, or doesn't answer within a minute.
        """
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise BenchError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            if not select.select([self._from], [], [], _PATIENCE)[0]:
                raise BenchError(f"Chromium has not answered for {_PATIENCE} s")
            part = os.read(self._from, 1 << 20)
            if not part:
                raise BenchError("Chromium has ended")
            self._left += part
        message, self._left = self._left.split(b"\0", 1)
        event: dict[str, Any] = json.loads(message)
        return event

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(event["params"]["exceptionDetails"])[:600])
        if event.get("method") == "Log.entryAdded":
            entry = event["params"]["entry"]
            if entry["source"] in ("security", "violation"):
                self.complaints.append(entry["text"])

    def run(self, script: str) -> Any:
        """Value of a JavaScript expression; promises are awaited.

        Raises:
            BenchError: It throws.
        """
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"].get("exception", {}).get("description")
            raise BenchError(f"{script}: {thrown}")
        return answer["result"].get("value")

    def until(self, condition: str, seconds: float = 15) -> Any:
        """Wait until a JavaScript expression is true, and return its value.

        Raises:
            BenchError: It isn't within `seconds`.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.run(condition):
                return value
            time.sleep(0.03)
        says = self.run("document.body.innerText")[:600]
        raise BenchError(f"still not true after {seconds} s: {condition}; the page says: {says}")

    def show(
        self, url: str, *, width: int = 1280, height: int = 900, phone: bool = False, dark: bool = False
    ) -> None:
        """Open a page and wait until it is loaded.

        Args:
            url: The page.
            width: Of the window, in CSS pixels.
            height: Of the window, in CSS pixels.
            phone: Touch, and two device pixels per CSS pixel.
            dark: Whether the page is told that the user prefers dark colours.
        """
        self.complaints.clear()
        size = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        self.send("Emulation.setTouchEmulationEnabled", enabled=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.send("Emulation.setEmulatedMedia", features=[scheme, motion])
        self.send("Page.navigate", url=url)
        self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url)})")

    def picture(self, path: Path, whole: bool = False) -> None:
        """Write a screenshot as PNG: of the window, or of the whole page."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
