"""A call whose caller hung up is taken out of the engine's queue before it is judged."""

import asyncio
import http.client
import json
import time

import pytest

pytest.importorskip("bentoml")

SLEEPY = "sleepy-for-a-second"


def make_dispatcher():
    from bentoml._internal.marshal import dispatcher
    from scopesift_service.engine import service as engine_service  # noqa: F401

    return dispatcher.CorkDispatcher(
        600_000, 10, fallback=lambda: "the queue has ended", get_batch_size=len, batch_dim=(0, 0)
    )


def test_a_queued_call_that_is_cancelled_is_not_judged_and_its_neighbours_are():
    async def run():
        dispatcher, judged, free = make_dispatcher(), [], asyncio.Event()

        async def work(batches):
            await free.wait()
            judged.extend(item for batch in batches for item in batch)
            return batches

        ask = dispatcher(work)
        calls = [asyncio.create_task(ask([number])) for number in range(4)]
        while dispatcher._queue or not dispatcher._sema.is_locked():  # until the first batch holds the engine
            await asyncio.sleep(0.001)
        calls += [asyncio.create_task(ask([number])) for number in (10, 11, 12)]
        while len(dispatcher._queue) < 3:
            await asyncio.sleep(0.001)
        calls[5].cancel()
        await asyncio.sleep(0)
        free.set()
        answers = await asyncio.gather(*calls)
        dispatcher.shutdown()
        return judged, answers

    judged, answers = asyncio.run(run())
    assert judged == [0, 1, 2, 3, 10, 12]
    assert answers == [[0], [1], [2], [3], [10], [], [12]]


def test_calls_that_still_wait_when_the_queue_ends_are_told_so():
    async def run():
        dispatcher = make_dispatcher()

        async def work(batches):
            await asyncio.sleep(20)

        ask = dispatcher(work)
        calls = [asyncio.create_task(ask([number])) for number in range(2)]
        while not dispatcher._sema.is_locked():
            await asyncio.sleep(0.001)
        calls.append(asyncio.create_task(ask([2])))
        await asyncio.sleep(0.01)
        dispatcher.shutdown()
        return await calls[-1]

    assert asyncio.run(run()) == "the queue has ended"


# without it BentoML's timer would run on, and stopping the service would wait for it
END = ["http.response.start", "http.response.body"]


def test_a_request_is_cancelled_when_its_client_hangs_up_and_reads_its_body_before():
    from scopesift_service.engine.hang_ups import CancelOnHangUp

    seen = []

    async def app(scope, receive, send):
        seen.append((await receive())["body"])
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            seen.append("cancelled")
            seen.extend([(await receive())["type"], (await receive())["type"]])

    async def run():
        messages = iter([{"type": "http.request", "body": b"texts"}, {"type": "http.disconnect"}])

        async def receive():
            await asyncio.sleep(0.01)
            return next(messages)

        async def send(message):
            seen.append(message["type"])

        await CancelOnHangUp(app)({"type": "http"}, receive, send)

    asyncio.run(run())
    assert seen == [b"texts", "cancelled", "http.disconnect", "http.disconnect", *END]


def test_what_goes_wrong_in_a_request_is_not_swallowed():
    from scopesift_service.engine.hang_ups import CancelOnHangUp

    async def app(scope, receive, send):
        raise KeyError("wrong")

    async def run():
        await CancelOnHangUp(app)({"type": "http"}, lambda: asyncio.sleep(20), None)

    with pytest.raises(KeyError):
        asyncio.run(run())


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
