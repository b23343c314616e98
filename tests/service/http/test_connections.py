"""What only a real socket shows: refusals of bodies that are still being sent, and callers who hang up."""

import asyncio
import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest
from scopesift_service.versions.registry import Registry

uvicorn = pytest.importorskip("uvicorn")

JSON = {"Content-Type": "application/json"}
# urllib asks to close the connection, http.client to keep it: a server ends the two in different ways
CLOSING = {"Connection": "close"}
SIZE = 12 << 20  # more than the buffers of two sockets hold
PATIENCE = 20


class Listener:
    """A service on a port of its own, in a thread."""

    def __init__(self, app, protocol):
        config = uvicorn.Config(app, port=0, http=protocol, log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until(lambda: self._server.started)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def send(self, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())
        finally:
            connection.close()

    def stop(self):
        self._server.should_exit = True
        self._thread.join(PATIENCE)


def until(holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)


@pytest.fixture(params=["httptools", "h11"])
def listen(request):
    """`listen(service)`: the service on a real socket, by each of the two HTTP parsers that uvicorn may take."""
    started = []

    def start(service):
        started.append(Listener(service.app, request.param))
        return started[-1]

    yield start
    for listener in started:
        listener.stop()


@pytest.mark.parametrize("keeping", [{}, CLOSING], ids=["keep-alive", "close"])
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/classify", JSON, 413),
        ("/v1/classify", {"Content-Type": "text/plain"}, 415),
        ("/v1/classify", {**JSON, "Content-Encoding": "gzip"}, 415),
        ("/v1/classify", {**JSON, "X-API-Key": "wrong"}, 401),
        ("/v1/classifiers", JSON, 405),
        ("/v1/classifiers/toxicity/transfer", JSON, 403),
        ("/nothing", JSON, 404),
        ("/v1alpha1/comments:analyze", JSON, 413),
    ],
)
def test_a_client_that_sends_all_before_it_listens_sees_every_refusal(
    make_service, listen, keeping, path, headers, status
):
    listener = listen(make_service(api_keys=("right",)))
    sent = {"X-API-Key": "right", **headers, **keeping}
    seen, _, answer = listener.send(path, b"x" * SIZE, sent)
    assert seen == status
    assert answer["error"]["message"]


def test_a_chunked_body_over_the_limit_is_a_413_too(service, listen):
    chunks = (b"x" * 65536 for _ in range(SIZE // 65536))
    assert listen(service).send("/v1/classify", chunks, {**JSON, **CLOSING})[0] == 413


def test_a_full_house_is_seen_as_a_429_by_who_is_still_sending(make_service, listen, monkeypatch):
    from scopesift_service.http import admission

    monkeypatch.setattr(admission, "READERS_A_PLACE", 0)
    status, headers, _ = listen(make_service()).send("/v1/classify", b"x" * SIZE, {**JSON, **CLOSING})
    assert (status, headers["Retry-After"]) == (429, "1")


def test_urllib_sees_the_413(service, listen):
    url = f"http://127.0.0.1:{listen(service).port}/v1/classify"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, b"x" * SIZE, JSON), timeout=PATIENCE)
    assert caught.value.code == 413


def test_requests_sees_the_413(service, listen):
    requests = pytest.importorskip("requests")
    url = f"http://127.0.0.1:{listen(service).port}/v1/classify"
    for headers in (JSON, {**JSON, **CLOSING}):
        assert requests.post(url, b"x" * SIZE, headers=headers, timeout=PATIENCE).status_code == 413


def test_a_connection_is_kept_after_a_refusal_whose_body_was_drained(service, listen):
    connection = http.client.HTTPConnection("127.0.0.1", listen(service).port, timeout=PATIENCE)
    for _ in range(2):
        connection.request("POST", "/v1/classify", b"x" * SIZE, JSON)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (413, None)
        answer.read()
    connection.request("POST", "/v1/classify", json.dumps({"texts": ["a"]}), JSON)
    assert connection.getresponse().status == 200
    connection.close()


def test_what_is_drained_is_bounded(service, listen, monkeypatch):
    from scopesift_service.http import request_body

    monkeypatch.setattr(request_body, "DRAIN_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", listen(service).port), PATIENCE) as caller:
        caller.sendall(
            b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 99999999999\r\n\r\n"
        )
        answer = b""
        while chunk := caller.recv(65536):  # until the server closes
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer.lower()


def test_who_asks_first_whether_to_send_the_body_is_refused_at_once(service, listen):
    with socket.create_connection(("127.0.0.1", listen(service).port), PATIENCE) as caller:
        caller.sendall(
            b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
        )
        began = time.monotonic()
        assert caller.recv(65536).startswith(b"HTTP/1.1 413")
        assert time.monotonic() - began < 2


class Watched:
    """An engine whose answers take forever; notes which texts it began on and which it was told to drop."""

    def __init__(self, engine):
        self._engine = engine
        self.began, self.dropped = [], []

    async def judge(self, texts, *, spans=False, tokens=False):
        self.began.append(list(texts))
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            self.dropped.append(list(texts))
            raise

    def __getattr__(self, name):
        return getattr(self._engine, name)


def begin(listener, path, content, headers=""):
    """A request that was sent, and whose answer nobody has read."""
    body = json.dumps(content).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{headers}"
    caller = socket.create_connection(("127.0.0.1", listener.port), PATIENCE)
    caller.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return caller


def test_a_call_whose_caller_hung_up_is_cancelled_and_its_place_is_free(make_service, engine, listen):
    watched = Watched(engine)
    listener = listen(make_service(max_concurrency=1, engine=watched))
    for number in range(1, 3):  # the second one finds the place of the first free
        with begin(listener, "/v1/classify", {"texts": ["a"]}):
            until(lambda number=number: len(watched.began) == number)
        until(lambda number=number: len(watched.dropped) == number)


def test_an_activation_that_was_begun_is_finished_though_its_caller_hung_up(
    make_service, engine, listen, tmp_path
):
    describe = engine.describe

    async def slowly():
        await asyncio.sleep(0.2)
        return await describe()

    engine.describe = slowly
    good, unusable = asyncio.run(describe())["classifiers"][0]["version"], "e" * 12
    registry = Registry(tmp_path)
    for version in (good, unusable):
        registry.store("toxicity", version, "{}")
    listener = listen(make_service(state=tmp_path, admin_token="an-admin-token-16"))
    token = "Authorization: Bearer an-admin-token-16\r\n"
    with begin(listener, "/v1/classifiers/toxicity/activate", {"version": unusable}, token):
        until(lambda: registry.active("toxicity") == unusable)
    # the engine does not take it, so that the version in use is put back
    until(lambda: registry.active("toxicity") == good)
