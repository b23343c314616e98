"""The application on an engine that needs no model, and a way to ask it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

import httplib2
import httpx
import pytest
from googleapiclient.discovery import build_from_document
from scopesift_service.application import build_application
from scopesift_service.http.errors import ServiceError
from scopesift_service.request_log import JsonLines
from scopesift_service.settings import ServiceSettings

VERSIONS = {"toxicity": "aaaaaaaaaaaa", "language": "bbbbbbbbbbbb", "domain": "cccccccccccc"}


def evidence_of(text, word):
    start = text.index(word)
    return {
        "layer": 1, "feature": 7, "name": word, "activation": 2.0, "threshold": 1.0, "start": start,
        "end": start + len(word), "text": word,
    }  # fmt: skip


def judged(text):
    """Flags `idiot`, knows German by `ist`, cannot read `poison`."""
    item = {
        "verdicts": {},
        "scores": {},
        "scope": "tiny",
        "classifiers": VERSIONS,
        "queue": 0.001,
        "seconds": 0.002,
    }
    if "poison" in text:
        return {**item, "error": "the engine could not read this text"}
    toxic = "idiot" in text
    item["verdicts"] = {
        "toxicity": {
            "flagged": toxic,
            "score": 0.9 if toxic else 0.1,
            "cut": 0.5,
            "rule": "default",
            "evidence": [evidence_of(text, "idiot")] if toxic else [],
        },
        "language": {
            "label": "de" if " ist " in text else "und",
            "score": 0.8,
            "cut": 0.3,
            "top_labels": [{"label": "de", "score": 0.8}, {"label": "nl", "score": 0.1}],
            "rule": "default",
            "evidence": [],
        },
        "domain": {
            "label": "other",
            "score": 0.0,
            "cut": 0.4,
            "top_labels": [],
            "rule": "default",
            "evidence": [],
        },
    }
    german = " ist " in text
    item["scores"] = {
        "toxicity": {"toxic": 0.9 if toxic else 0.1},
        "language": {"de": 0.8, "nl": 0.1} if german else {"de": 0.9, "nl": 0.6},
        "domain": {"sports": 0.0},
    }
    return item


def described(name, kind, labels, unknown):
    return {
        "name": name, "kind": kind, "labels": labels, "unknown": unknown, "version": VERSIONS[name], "langs": [],
        "cut": 0.5, "label_cuts": {}, "n_features": 1, "deepest_layer": 1, "quality": {},
        "transferred": {}, "muted": [],
        "features": [{"layer": 1, "index": 7, "threshold": 1.0, "rule": "default", "label": "idiot"}],
    }  # fmt: skip


@dataclass
class FakeEngine:
    """An engine client; `away`, `delay` and `broken` make it misbehave."""

    away: bool = False
    broken: bool = False
    delay: float = 0.0
    asked: list = field(default_factory=list)

    async def judge(self, texts, *, spans=False, tokens=False):
        self.asked.append(list(texts))
        await asyncio.sleep(self.delay)
        if self.away:
            raise ServiceError(503, "the engine is not available")
        if self.broken:
            raise KeyError(f"a message that quotes {texts[0]}")
        items = [judged(text) for text in texts]
        for item, text in zip(items, texts, strict=True):
            if spans and "error" not in item:
                whole = {"start": 0, "end": len(text), "label": "de", "score": 0.8}
                item["verdicts"]["language"]["spans"] = [whole] if text else []
            for shown in item["verdicts"].get("toxicity", {}).get("evidence", ()) if tokens else ():
                place = {"start": shown["start"], "end": shown["end"]}
                word = {"word_start": shown["start"], "word_end": shown["end"], "activation": 2.0}
                shown["tokens"] = [{**place, **word}]
        return items

    async def describe(self):
        return {
            "scope": {"id": "tiny"},
            "classifiers": [
                described("toxicity", "binary", ["toxic"], "clean"),
                described("language", "many", ["de", "nl"], "und"),
                described("domain", "many", ["sports"], "other"),
            ],
        }

    async def features(self, name, rule, label, search, first, most):
        self.asked.append((name, rule, label, search, first, most))
        card = {
            "rates": {"toxic": 0.4}, "by_lang": {}, "tokens": [["idiot", 0.5]],
            "histogram": {"edges": [0.0, 1.0, 2.0], "counts": [3, 1]},
        }  # fmt: skip
        feature = {
            "layer": 1,
            "feature": 7,
            "name": "idiot",
            "threshold": 1.0,
            "weight": 0.5,
            "rules": [rule],
        }
        return {
            "name": name, "version": VERSIONS[name], "rule": rule, "label": label, "combine": "linear", "total": 1,
            "features": [{**feature, "card": card}],
        }  # fmt: skip

    async def ready(self):
        return not self.away


class Service:
    """The application with an engine; `ask` sends one request."""

    def __init__(self, engine, **settings):
        self.engine = engine
        self.app = build_application(engine, ServiceSettings(**settings))

    def ask(self, method, path, body=None, **kwargs):
        return self.ask_all([(method, path, body, kwargs)])[0]

    def ask_all(self, requests):
        async def run():
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await asyncio.gather(*(self._one(client, *request) for request in requests))

        return asyncio.run(run())

    async def _one(self, client, method, path, body, kwargs):
        if body is not None:
            kwargs = {"json": body, **kwargs}
        return await client.request(method, path, **kwargs)

    def classify(self, *texts):
        return self.ask("POST", "/v1/classify", {"texts": list(texts)})


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def make_service(engine):
    """`make_service(max_texts=2, …)`: the application with these settings, on the `engine` fixture or another."""
    return lambda engine=engine, **settings: Service(engine, **settings)


@pytest.fixture
def service(make_service):
    return make_service()


class Lines(logging.Handler):
    """Keeps what the log would print."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonLines())
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def log_lines():
    """All lines of scopesift's log, whatever its level."""
    logger, handler = logging.getLogger("scopesift"), Lines()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler.lines
    logger.setLevel(level)
    logger.removeHandler(handler)


@pytest.fixture
def judge_text():
    """`judge_text(text)`: what the engine of these tests answers."""
    return judged


class Loopback(httplib2.Http):
    """Sends what Google's library sends to the application, below what httplib2 does with answers."""

    def __init__(self, service):
        super().__init__()
        self.service = service

    def _conn_request(self, conn, request_uri, method, body, headers):
        answer = self.service.ask(method, request_uri, content=body, headers=headers)
        return httplib2.Response({"status": str(answer.status_code), **answer.headers}), answer.content


@pytest.fixture
def googles_client():
    """`googles_client(service, key)`: Google's library on the service's discovery document."""

    def build(service, key=None):
        document = service.ask("GET", "/$discovery/rest?version=v1alpha1").json()
        return build_from_document(document, http=Loopback(service), developerKey=key)

    return build
