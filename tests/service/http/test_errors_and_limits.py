import asyncio
import gzip
import json
import logging

import pytest
from googleapiclient.errors import HttpError
from scopesift_service.request_log import JsonLines

JSON = {"content-type": "application/json"}


def error_of(answer):
    return answer.json()["error"]


def test_unknown_routes_and_methods_answer_in_the_shape_of_their_api(service):
    assert error_of(service.ask("GET", "/nothing"))["type"] == "not_found_error"
    assert error_of(service.ask("GET", "/v1alpha1/nothing"))["status"] == "NOT_FOUND"
    wrong = service.ask("GET", "/v1/classify")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert service.ask("DELETE", "/v1/classifiers").headers["allow"] == "GET, HEAD"


def test_the_404_of_an_unknown_path_names_it_up_to_64_characters(service):
    path = "/v1/classifiers/sentiment/predict/"
    assert f"no route '{path}'" in error_of(service.ask("POST", path, {"inputs": "a"}))["message"]
    assert f"'/{'x' * 63}'" in error_of(service.ask("GET", f"/{'x' * 80}"))["message"]


def test_head_answers_like_get_without_a_body(service):
    head, get = service.ask("HEAD", "/livez"), service.ask("GET", "/livez")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nonsense", b"\xff\xfe", b"NaN", b'{"texts": [NaN]}', b"[" * 100000, b"[1]", b'"a"', b"null",
        b'{"texts": [' + b"9" * 5000 + b"]}", b"{}", b'{"texts": "a"}', b'{"texts": []}', b'{"texts": [1]}',
        b'{"texts": ["a"], "more": 1}',
    ],
)  # fmt: skip
def test_a_body_that_is_not_what_it_should_be_is_a_400(service, engine, body):
    answer = service.ask("POST", "/v1/classify", content=body, headers=JSON)
    assert answer.status_code == 400
    assert error_of(answer)["type"] == "invalid_request_error"
    assert not engine.asked


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/vnd.bentoml+pickle"},
        {},
        {**JSON, "content-encoding": "gzip"},
    ],
)
def test_only_plain_json_is_read(service, headers):
    body = gzip.compress(b" " * 1000) if "content-encoding" in headers else b'{"texts": ["a"]}'
    assert service.ask("POST", "/v1/classify", content=body, headers=headers).status_code == 415


def test_a_body_over_the_limit_is_refused_whether_it_says_its_size_or_not(make_service, engine):
    service = make_service(max_body_bytes=100)
    body = json.dumps({"texts": ["x" * 200]}).encode()

    async def chunks():
        for at in range(0, len(body), 10):
            yield body[at : at + 10]

    assert service.ask("POST", "/v1/classify", content=body, headers=JSON).status_code == 413
    assert service.ask("POST", "/v1/classify", content=chunks(), headers=JSON).status_code == 413
    assert not engine.asked


def test_too_many_or_too_long_texts_are_refused_by_name_and_the_limit_itself_is_not(make_service):
    service = make_service(max_texts=2, max_characters=3)
    assert service.classify("abc", "def").status_code == 200
    many, long = service.classify("a", "b", "c"), service.classify("a", "abcd")
    assert (many.status_code, error_of(many)["code"]) == (413, "too_many_texts")
    assert (long.status_code, error_of(long)["param"]) == (413, "texts[1]")


def test_what_does_not_fit_is_told_to_come_again_and_the_rest_is_answered(make_service, engine):
    engine.delay = 0.05
    service = make_service(max_concurrency=3)
    answers = service.ask_all([("POST", "/v1/classify", {"texts": ["a"]}, {}) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 5
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert service.classify("a").status_code == 200


def test_work_over_time_is_a_503_and_frees_its_place(make_service, engine):
    engine.delay = 5
    service = make_service(timeout=0.05, max_concurrency=1)
    answer = service.classify("a")
    assert (answer.status_code, error_of(answer)["code"]) == (503, "timeout")
    engine.delay = 0
    assert service.classify("a").status_code == 200


def test_a_body_that_does_not_arrive_is_a_408(make_service):
    async def never():
        yield b"{"
        await asyncio.sleep(5)

    answer = make_service(timeout=0.05).ask("POST", "/v1/classify", content=never(), headers=JSON)
    assert answer.status_code == 408


def test_an_engine_that_is_away_is_a_503_and_readiness_falls_while_liveness_stays(service, engine):
    engine.away = True
    answer = service.classify("a")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert service.ask("GET", "/readyz").status_code == 503
    assert service.ask("GET", "/livez").status_code == 200
    engine.away = False
    assert service.ask("GET", "/readyz").status_code == 200


class Collect(logging.Handler):
    def __init__(self):
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def log_lines():
    root, handler = logging.getLogger("scopesift"), Collect()
    before = root.level
    root.addHandler(handler)
    root.setLevel("DEBUG")
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(before)


def test_a_fault_shows_the_caller_an_id_and_the_log_the_frames_but_nobody_the_text(
    service, engine, log_lines
):
    engine.broken = True
    answer = service.ask("POST", "/v1/classify", {"texts": ["my secret"]}, headers={"x-request-id": "abc.1"})
    assert answer.status_code == 500
    assert "abc.1" in error_of(answer)["message"]
    assert "Traceback" not in answer.text
    failed = next(json.loads(line) for line in log_lines if "exception" in line)
    assert (failed["exception"], failed["request_id"]) == ("KeyError", "abc.1")
    assert any("conftest.py" in frame for frame in failed["frames"])
    assert "my secret" not in answer.text + "".join(log_lines)


def test_the_log_names_route_and_counts_but_no_text_query_header_or_key(make_service, log_lines):
    service = make_service(api_keys=("key-number-one",))
    service.ask(
        "POST", "/v1/classify?key=key-number-one", {"texts": ["hidden text"]}, headers={"x-odd": "odd value"}
    )
    service.ask("POST", "/v1/classify?key=wrong-key", {"texts": ["hidden text"]})
    service.ask("GET", "/hidden/path")
    last = [json.loads(line) for line in log_lines if '"request"' in line]
    assert [(line["route"], line["status"]) for line in last] == [
        ("/v1/classify", 200), ("/v1/classify", 401), ("other", 404),
    ]  # fmt: skip
    assert (last[0]["texts"], last[0]["characters"]) == (1, 11)
    for secret in ("hidden", "key-number-one", "wrong-key", "odd value"):
        assert secret not in "".join(log_lines)


def test_a_request_id_is_kept_if_it_is_harmless_and_replaced_if_not(service):
    assert (
        service.ask("GET", "/livez", headers={"x-request-id": "a-B.9_"}).headers["x-request-id"] == "a-B.9_"
    )
    for odd in ("a b", "x" * 65, '"}', ""):
        made = service.ask("GET", "/livez", headers={"x-request-id": odd}).headers["x-request-id"]
        assert made != odd
        assert len(made) == 32


def test_every_answer_forbids_sniffing_and_storing_and_tells_the_times(service):
    headers = service.classify("a").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["server-timing"] == "queue;dur=1.0, engine;dur=2.0"


def test_a_scan_of_random_paths_adds_one_series(service):
    for number in range(50):
        service.ask("GET", f"/scan/{number}.php")
    text = service.ask("GET", "/metrics").text
    routes = {line.split('route="')[1].split('"')[0] for line in text.splitlines() if 'route="' in line}
    assert "other" in routes
    assert not any("scan" in route for route in routes)


def test_a_caller_who_hangs_up_costs_no_place(make_service, engine):
    service = make_service(max_concurrency=1)

    async def hang_up():
        messages = iter(
            [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
        )
        sent = []

        async def receive():
            return next(messages)

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/v1/classify", "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
        }  # fmt: skip
        await service.app(scope, receive, send)
        return sent

    assert asyncio.run(hang_up()) == []
    assert service.classify("a").status_code == 200


def test_keys_are_taken_from_each_of_their_places_and_nowhere_else(make_service):
    service = make_service(api_keys=("one-key", "two-key"), admin_token="an-admin-token-16")
    good = [
        {"headers": {"authorization": "Bearer two-key"}}, {"headers": {"x-api-key": "one-key"}},
        {"headers": {"x-goog-api-key": "one-key"}}, {"params": {"key": "two-key"}},
        {"headers": {"authorization": "bearer an-admin-token-16"}},
    ]  # fmt: skip
    bad = [
        {}, {"headers": {"authorization": "Bearer three"}}, {"headers": {"authorization": "one-key"}},
        {"headers": {"authorization": "Basic one-key"}}, {"params": {"key": "one-key "}},
        {"params": {"keys": "one-key"}},
    ]  # fmt: skip
    body = {"texts": ["a"]}
    for kwargs in good:
        assert service.ask("POST", "/v1/classify", body, **kwargs).status_code == 200
    for kwargs in bad:
        answer = service.ask("POST", "/v1/classify", body, **kwargs)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="scopesift"'
    assert service.ask("GET", "/v1/classifiers").status_code == 401
    for path in ("/livez", "/readyz", "/metrics", "/", "/openapi.json"):
        assert service.ask("GET", path).status_code == 200


@pytest.mark.parametrize(("key", "told"), [(None, "an API key is needed"), ("wrong", "is not valid")])
def test_googles_client_can_read_that_its_key_is_missing_or_wrong(make_service, googles_client, key, told):
    client = googles_client(make_service(api_keys=("a-key",)), key)
    body = {"comment": {"text": "a"}, "requestedAttributes": {"TOXICITY": {}}}
    with pytest.raises(HttpError, match=told) as caught:
        client.comments().analyze(body=body).execute()
    assert caught.value.status_code == 401


def test_the_admin_routes_name_the_scheme_of_their_token_too(make_service, tmp_path):
    service = make_service(state=tmp_path, admin_token="an-admin-token-16")
    for route in ("transfer", "activate"):
        answer = service.ask("POST", f"/v1/classifiers/toxicity/{route}", {})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="scopesift"')


def test_a_websocket_is_closed(service):
    sent = []

    async def send(message):
        sent.append(message["type"])

    asyncio.run(service.app({"type": "websocket", "path": "/", "headers": []}, None, send))
    assert sent == ["websocket.close"]


def test_the_page_runs_no_code_but_its_own(service):
    answer = service.ask("GET", "/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
