"""A call whose caller hung up is taken out of the engine's queue before it is judged."""

import asyncio
import http.client
import json
import pickle
import time

import pytest

pytest.importorskip("bentoml")

SLEEPY = "sleepy-for-a-second"


def test_a_call_is_cancelled_when_its_client_hangs_up_after_its_body(monkeypatch):
    from scopesift_service.engine import service as engine_service

    seen = []

    class Queue:
        async def ask(self, items):
            seen.extend(item.text for item in items)
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

    async def run():
        body = pickle.dumps([("texts", 0.0)])
        messages = iter([{"type": "http.request", "body": body}, {"type": "http.disconnect"}])

        async def receive():
            await asyncio.sleep(0.01)
            return next(messages)

        await engine_service.answer_call(receive, None)

    monkeypatch.setattr(engine_service.EngineDoor, "queue", Queue())
    asyncio.run(run())
    assert seen == ["texts", "cancelled"]


def texts_judged(server, send):
    lines = send(server, "GET", "/metrics").body.decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith("scopesift_batch_texts_sum"))


def begin(server, texts):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    body = json.dumps({"texts": texts})
    connection.request("POST", "/v1/classify", body, {"Content-Type": "application/json"})
    return connection


def test_who_hangs_up_while_the_engine_is_busy_costs_it_nothing(server, send, classify):
    classify(server, ["Guten Tag"])
    before = texts_judged(server, send)
    busy = begin(server, [SLEEPY])
    time.sleep(0.3)
    for _ in range(5):
        begin(server, ["a", "b", "c"]).close()
    waiting = begin(server, ["Guten Tag"])
    assert busy.getresponse().status == waiting.getresponse().status == 200
    assert texts_judged(server, send) == before + 2
    busy.close()
    waiting.close()
    assert "Traceback" not in server.log.read_text()
