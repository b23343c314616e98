"""A real server on a free port, whose engine fails on POISON and is slow at SLEEPY, and ways to ask it."""

import contextlib
import http.client
import json
import time

import pytest

pytest.importorskip("bentoml")
POISON = "☠poison☠"
SLEEPY = "sleepy-for-a-second"
ADMIN = "an-admin-token-of-tests"
POISONED = f"""
import time
from scopesift_classifiers.judging.engine import Engine
whole = Engine.predict_tokenised
def predict(self, tokenised, **others):
    texts = tokenised.forms.originals
    if any({POISON!r} in text for text in texts):
        raise RuntimeError("poisoned")
    if any({SLEEPY!r} in text for text in texts):
        time.sleep(1)
    return whole(self, tokenised, **others)
Engine.predict_tokenised = predict
from scopesift_service.api import Moderation
"""


@pytest.fixture(scope="session")
def start_server(tmp_path_factory):
    """`start_server(**settings)`: a running service; every one that was started is stopped in the end."""
    from scopesift_service.local_server import LocalServer

    folder = tmp_path_factory.mktemp("target")
    (folder / "poisoned.py").write_text(POISONED)
    started = []

    def start(**settings):
        server = LocalServer(
            {"OMP_NUM_THREADS": "1", "SCOPESIFT_SCOPE": "nano", **settings},
            target="poisoned:Moderation",
            folder=folder,
        )
        started.append(server)
        server.wait()
        return server

    yield start
    for server in started:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def server(start_server, tmp_path_factory):
    """The server that most tests share."""
    state = tmp_path_factory.mktemp("state")
    return start_server(
        SCOPESIFT_STATE=str(state),
        SCOPESIFT_ADMIN_TOKEN=ADMIN,
        SCOPESIFT_MAX_EXAMPLES="20",
        SCOPESIFT_PERSPECTIVE_ATTRIBUTES="SEVERE_TOXICITY=toxicity,GERMAN=language:de",
        SCOPESIFT_PERSPECTIVE_MISSING="omit",
        SCOPESIFT_OPENAI_CATEGORIES="harassment=toxicity,violence=language:de",
        SCOPESIFT_TIMEOUT="300",
    )


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


@pytest.fixture(scope="session")
def send():
    """`send(server, method, path, body, headers)`: one request as the bytes say; None if the server hung up on it."""

    def send(server, method, path, body=None, headers=None, timeout=120):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
        try:
            # it may refuse a large body before all of it was sent; its answer is read below
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, headers or {})
            try:
                answer = connection.getresponse()
                return Reply(
                    answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
                )
            except (ConnectionResetError, BrokenPipeError, http.client.BadStatusLine):
                return None
        finally:
            connection.close()

    return send


@pytest.fixture(scope="session")
def classify(send):
    """`classify(server, texts)`: the reply of /v1/classify; a patient one asks again after a 429."""

    def classify(server, texts, timeout=120, patient=True):
        body = json.dumps({"texts": texts}).encode()
        while True:
            reply = send(server, "POST", "/v1/classify", body, {"Content-Type": "application/json"}, timeout)
            if not patient or reply is None or reply.status != 429:
                return reply
            time.sleep(float(reply.headers["retry-after"]))

    return classify


def said(verdict):
    """What a verdict says, without its numbers: rounding depends on the batch, and a steep calibration magnifies it."""
    evidence = {(item["layer"], item["feature"], item["start"], item["end"]) for item in verdict["evidence"]}
    return (
        verdict.get("label"),
        verdict.get("flagged"),
        verdict["rule"],
        frozenset(evidence),
    )


@pytest.fixture(scope="session")
def meaning():
    """`meaning(record)`: classifier -> what it says."""
    return lambda record: {name: said(record[name]) for name in record["classifiers"]}


@pytest.fixture(scope="session")
def offline():
    """The offline engine with the same classifiers."""
    from scopesift_classifiers.artifact.bundled import bundled_classifiers
    from scopesift_classifiers.artifact.classifier import Classifier
    from scopesift_classifiers.judging.engine import Engine
    from scopesift_features.scope import Scope

    bundled = [Classifier.load(path) for path in bundled_classifiers("nano").values()]
    return Engine(Scope.load("nano", device="cpu"), bundled)


WORDS = (
    "the train to the city was late again and nobody told us why it had stopped bitch hoes lie vaccine court goal",
    "der Zug kommt heute nicht wieder la economía creció mucho сегодня хорошая погода 这座城市的人口 今日は暑い",
    "오늘 저녁에 المطار قريب من وسط सरकार ने किसानों bugün hava çok güzel 😀 👨‍👩‍👧 !!! \u202e \u0000 \ufffd",
)


@pytest.fixture(scope="session")
def mixed_texts():
    """`mixed_texts(n, seed)`: texts of 0 to 120 words in many scripts."""
    import random

    def texts(count, seed=0):
        chance = random.Random(seed)
        sizes = [chance.choice((0, 1, 3, 8, 15, 30, 120)) for _ in range(count)]
        return [" ".join(chance.choices(" ".join(WORDS).split(" "), k=size)) for size in sizes]

    return texts


@pytest.fixture(scope="session")
def resident():
    """`resident(server)`: resident bytes of the supervisor and its children, engine and HTTP processes."""
    import psutil

    def resident(server):
        root = psutil.Process(server.process.pid)
        return sum(process.memory_info().rss for process in [root, *root.children(recursive=True)])

    return resident


@pytest.fixture(scope="session")
def engine_process():
    """`engine_process(server)`: the engine's process, None while there is none."""
    import psutil

    def find(server):
        for process in psutil.Process(server.process.pid).children(recursive=True):
            try:
                words = process.cmdline()
            except psutil.Error:
                continue
            if "ScopesiftEngine" in words:
                return process
        return None

    return find
