"""A real headless Chromium, driven over its debugging pipe, and a small server that answers as the service does.

The pipe needs no package: messages are JSON, each ended by a NUL, on file descriptors 3 and 4 of the browser.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
LAUNCH = """
import fcntl, os, sys
into, out = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 50) for fd in sys.argv[1:3])
os.dup2(into, 3); os.dup2(out, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
KEYS = {"Tab": 9, "Escape": 27}


class Browser:
    """One tab."""

    def __init__(self, profile):
        into, self._to = os.pipe()
        self._from, out = os.pipe()
        flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ]
        flags += ["--disable-extensions", "--disable-background-networking", "--force-color-profile=srgb"]
        flags += ["--remote-debugging-pipe", f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(into), str(out), CHROMIUM, *flags, "about:blank"],
            pass_fds=(into, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(into)
        os.close(out)
        self._left, self._last, self.complaints = b"", 0, []
        self._session = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method, **params):
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def _next(self, patience=60):
        while b"\0" not in self._left:
            if not select.select([self._from], [], [], patience)[0]:
                raise TimeoutError("Chromium does not answer")
            part = os.read(self._from, 1 << 20)
            if not part:
                raise RuntimeError("Chromium is gone")
            self._left += part
        message, self._left = self._left.split(b"\0", 1)
        return json.loads(message)

    def _note(self, event):
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(event["params"]["exceptionDetails"])[:600])
        if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["source"] in (
            "security",
            "violation",
        ):
            self.complaints.append(event["params"]["entry"]["text"])

    def run(self, script):
        """Value of a JavaScript expression; promises are awaited."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(
                f"{script}: {answer['exceptionDetails'].get('exception', {}).get('description')}"
            )
        return answer["result"].get("value")

    def until(self, condition, seconds=15):
        """Wait for a JavaScript condition and return its value."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.run(condition):
                return value
            time.sleep(0.03)
        raise AssertionError(
            f"still not true after {seconds} s: {condition}; page says: {self.run('document.body.innerText')[:600]}"
        )

    def open(self, url, *, width=1280, height=900, phone=False, dark=False):
        self.complaints.clear()
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send(
            "Emulation.setEmulatedMedia",
            features=[scheme, {"name": "prefers-reduced-motion", "value": "reduce"}],
        )
        self.send("Page.navigate", url=url)
        self.until(
            "document.readyState === 'complete' && document.getElementById('shelf')?.children.length > 0"
        )

    def write(self, text):
        """Replace the text, as a paste does, and wait for its verdicts."""
        self.run("(() => { const box = document.getElementById('text'); box.focus(); box.select(); })()")
        self.send("Input.insertText", text=text)
        self.until("at('verdicts-place').ariaBusy === 'false' && shown.text === at('text').value")

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            about = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
            self.send("Input.dispatchKeyEvent", type=kind, **about)

    def hover(self, selector):
        place = f"document.querySelector({json.dumps(selector)}).getClientRects()[0]"
        x, y = self.run(f"((r) => [r.x + r.width / 2, r.y + r.height / 2])({place})")
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def picture(self, path, whole=False):
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


class Stage:
    """What the small server answers; a test may change it."""

    def __init__(self):
        self.words = {"toxicity": "idiot", "language": "the"}
        self.key = None
        self.refusals = []
        self.requests = []
        self.name = "idiot · fool"

    def record(self, text):
        def evidence(word):
            at = text.find(word)
            if at < 0:
                return []
            item = {"layer": 1, "feature": 1016, "name": self.name, "activation": 140.25, "threshold": 105.82}
            return [{**item, "start": at, "end": at + len(word), "text": word}]

        toxic, language = evidence(self.words["toxicity"]), evidence(self.words["language"])
        return {
            "text": text,
            "toxicity": {
                "flagged": bool(toxic),
                "score": 0.97 if toxic else 0.12,
                "rule": "default",
                "evidence": toxic,
            },
            "language": {
                "label": "en",
                "score": 0.99,
                "top_labels": [
                    {"label": "en", "score": 0.99},
                    {"label": "nl", "score": 0.12},
                    {"label": "de", "score": 0.001},
                ],
                "rule": "default",
                "evidence": language,
            },
            "scope": "tiny",
            "classifiers": {"toxicity": "a6eaded3727d", "language": "43a494069753"},
        }

    def answer(self, method, path, body, headers):
        if path == "/readyz":
            return 200, {}
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            return 401, {"error": {"message": "an API key is needed", "type": "authentication_error"}}
        if path == "/v1/classifiers":
            quality = {
                "test": {
                    "n": 1000,
                    "macro_f1": 0.827,
                    "balanced_accuracy": 0.82,
                    "accuracy": 0.81,
                    "baselines": {"tfidf": {"macro_f1": 0.9, "balanced_accuracy": 0.9}},
                }
            }
            one = {
                "kind": "binary",
                "labels": ["toxic"],
                "unknown": "clean",
                "version": "a6eaded3727d",
                "langs": [],
                "n_features": 2,
                "deepest_layer": 3,
                "quality": quality,
                "cut": 0.467,
            }
            return 200, {
                "scope": {"id": "tiny"},
                "classifiers": [{"name": "toxicity", **one}],
                "transfer": {"enabled": True, "max_examples": 500},
            }
        if self.refusals:
            status, message = self.refusals.pop(0)
            return status, {"error": {"message": message, "type": "x"}}
        if path == "/v1/classify":
            self.requests.append(body)
            return 200, {"results": [self.record(text) for text in body["texts"]]}
        if path == "/v1/classifiers/toxicity/transfer":
            self.requests.append({**body, "authorization": headers.get("authorization")})
            strategies = [{"name": "recalibrate", "macro_f1": 0.81, "balanced_accuracy": 0.8, "spread": 0.05}]
            return 201, {
                "name": "toxicity",
                "version": "0c1d2e3f4a5b",
                "base_version": "a6eaded3727d",
                "lang": body["lang"],
                "active": True,
                "chosen": "recalibrate",
                "strategies": strategies,
                "quality": {},
            }
        return 404, {"error": {"message": "no such route", "type": "not_found_error"}}


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def page_url(stage):
    """The real page, with its real headers, over a server of the test's own."""
    from scopesift_service.playground.page import page

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/":
                return self.reply(200, page().body, page().headers)
            return self.json("GET", None)

        def do_POST(self):
            return self.json("POST", json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def json(self, method, body):
            status, answer = stage.answer(
                method, self.path, body, {key.lower(): value for key, value in self.headers.items()}
            )
            return self.reply(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})

        def reply(self, status, body, headers):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
