"""The page in a real browser, and a small server that answers as the service does."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.browser.chromium import Chromium, find_chromium
from tests.service.playground.axe import AxeUnavailableError, fetch_axe
from tests.service.playground.classifier_answers import ClassifierAnswers

KEYS = {
    "Tab": 9,
    "Escape": 27,
    "Enter": 13,
    "Backspace": 8,
    "PageUp": 33,
    "PageDown": 34,
    "End": 35,
    "Home": 36,
}
KEYS |= {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
MODIFIERS = {None: 0, "Control": 2, "Shift": 8}


class Browser(Chromium):
    """One tab with the page."""

    def open(self, url, **window):
        self.show(url, **window)
        self.until("'loaded' in document.documentElement.dataset")

    def write(self, text):
        """Replace the text, as a paste does, and wait for its verdicts."""
        self.run("(() => { const box = document.getElementById('text'); box.focus(); box.select(); })()")
        self.send("Input.insertText", text=text)
        self.until("at('verdicts-place').ariaBusy === 'false' && shown.text === at('text').value")

    def press(self, *keys, held=None):
        """Press keys one after another; letters are typed if no modifier is held."""
        for key in keys:
            code = KEYS.get(key) or ord(key.upper())
            about = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": MODIFIERS[held]}
            letter = "\r" if key == "Enter" else key if len(key) == 1 else ""
            typed = {"text": letter} if letter and not held else {}
            self.send("Input.dispatchKeyEvent", type="keyDown", **about, **typed)
            self.send("Input.dispatchKeyEvent", type="keyUp", **about)

    def hover(self, selector):
        place = f"document.querySelector({json.dumps(selector)}).getClientRects()[0]"
        x, y = self.run(f"((r) => [r.x + r.width / 2, r.y + r.height / 2])({place})")
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    if find_chromium() is None:
        pytest.skip("no Chromium on this machine")
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def axe(request):
    """axe-core's script."""
    try:
        return fetch_axe(request.config.cache.mkdir("axe-core"))
    except AxeUnavailableError as error:
        pytest.skip(str(error))


class Stage(ClassifierAnswers):
    """What the small server answers; a test may change it."""

    def __init__(self):
        super().__init__()
        self.words = {"toxicity": "idiot", "language": "the"}
        self.key = None
        self.refusals = []
        self.retry_after = None
        self.delays = []
        self.refuse_hits = False
        self.name = "idiot · fool"
        self.given_name = None
        self.rule = "default"
        self.toxic_score = 0.97
        self.spans = None

    def record(self, text, request):
        toxic = self.evidence(text, self.words["toxicity"], request)
        language = self.evidence(text, self.words["language"], request)
        verdicts = {
            "toxicity": {
                "flagged": bool(toxic) and self.toxic_score >= 0.467,
                "score": self.toxic_score if toxic else 0.12,
                "cut": 0.467,
                "rule": self.rule,
                "evidence": toxic,
            },
            "language": {
                "label": "en",
                "score": 0.99,
                "cut": 0.42,
                "top_labels": [
                    {"label": "en", "score": 0.99},
                    {"label": "nl", "score": 0.12},
                    {"label": "de", "score": 0.001},
                ],
                "rule": "default",
                "evidence": language,
            },
        }
        if request.get("spans") and self.spans:
            verdicts["language"]["spans"] = self.spans
        asked = request.get("classifiers") or list(verdicts)
        versions = {"toxicity": "a6eaded3727d", "language": "43a494069753"}
        return {
            "text": text,
            **{name: verdicts[name] for name in asked},
            "scope": "tiny",
            "classifiers": {name: versions[name] for name in asked},
        }

    def evidence(self, text, word, request):
        """Fires on every place of a word, with the blank before it as tokens have."""
        places = [at for at in range(len(text)) if text.startswith(word, at)]
        if not places:
            return []
        hits = []
        for number, at in enumerate(places):
            start = at - (at > 0 and text[at - 1] == " ")
            place = {"start": start, "end": at + len(word), "word_start": at, "word_end": at + len(word)}
            hits.append({**place, "activation": 140.25 - 10 * number})
        first = hits[0]
        item = {
            "layer": 1,
            "feature": 1016,
            "name": self.name,
            "activation": 140.25,
            "threshold": 105.82,
            "contribution": 0.5,
            "start": first["start"],
            "end": first["end"],
            "text": text[first["start"] : first["end"]],
            "word": word,
        }
        if self.given_name:
            item["given_name"] = self.given_name
        return [item | ({"tokens": hits} if request.get("explain") == "tokens" else {})]

    def answer(self, method, path, body, headers):
        if path == "/readyz":
            return 200, {}
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            return 401, {"error": {"message": "an API key is needed", "type": "authentication_error"}}
        if path == "/v1/classifiers":
            return 200, self.list()
        if self.refusals:
            status, message = self.refusals.pop(0)
            return status, {"error": {"message": message, "type": "x"}}
        if path == "/v1/classify":
            self.requests.append(body)
            if self.refuse_hits and "explain" in body:
                return 503, {"error": {"message": "no answer within 30 s", "type": "x"}}
            if self.delays:
                time.sleep(self.delays.pop(0))
            return 200, {"results": [self.record(text, body) for text in body["texts"]]}
        return self.classifier_answer(path, body, headers.get("authorization")) or (
            404,
            {"error": {"message": "no such route", "type": "not_found_error"}},
        )


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def page_url(stage):
    """The real page, with its real headers, over a server of the test's own."""
    from scopesift_service.playground.page import page
    from scopesift_service.playground.views import VIEWS

    views = {view.path: view for view in VIEWS}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path in views:
                found = page(views[self.path])
                return self.reply(200, found.body, found.headers)
            return self.json("GET", None)

        def do_POST(self):
            return self.json("POST", json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def json(self, method, body):
            status, answer = stage.answer(
                method, self.path, body, {key.lower(): value for key, value in self.headers.items()}
            )
            headers = {"Content-Type": "application/json"}
            if status == 429 and stage.retry_after:
                headers["Retry-After"] = str(stage.retry_after)
            return self.reply(status, json.dumps(answer).encode(), headers)

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
