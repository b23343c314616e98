"""Stopping under load, and losing the engine's process."""

import signal
import threading
import time

PATIENCE = 150


class Clients:
    """Threads that ask without pause, and note (sent at, status or what went wrong)."""

    def __init__(self, count, ask):
        self.outcomes, self.replies, self._stop = [], [], threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(ask,), daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self, ask):
        while not self._stop.is_set():
            sent = time.monotonic()
            try:
                reply, wrong = ask(), "hung up"
            except OSError as error:
                reply, wrong = None, repr(error)
            self.outcomes.append((sent, reply.status if reply else wrong))
            if reply is not None and reply.status == 200:
                self.replies.append(reply)
            if reply is None or reply.status != 200:
                time.sleep(0.05)

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a request was never answered"


def test_after_kill_9_of_the_engine_readiness_falls_and_comes_back_without_a_wrong_answer(
    server, classify, meaning, mixed_texts, engine_process
):
    texts = mixed_texts(8, seed=4)
    right = [meaning(record) for record in classify(server, texts).json()["results"]]
    before = engine_process(server)
    clients = Clients(4, lambda: classify(server, texts, patient=False))
    try:
        time.sleep(0.5)
        before.send_signal(signal.SIGKILL)
        end = time.monotonic() + PATIENCE
        while server.ready():
            assert time.monotonic() < end, "readiness never fell"
            time.sleep(0.02)
        while not server.ready():
            assert time.monotonic() < end, "it did not recover"
            time.sleep(0.1)
        time.sleep(0.5)
    finally:
        clients.stop()
    assert engine_process(server).pid != before.pid
    assert {status for _, status in clients.outcomes} <= {200, 429, 503}
    assert all([meaning(record) for record in reply.json()["results"]] == right for reply in clients.replies)
    assert [meaning(record) for record in classify(server, texts).json()["results"]] == right


def test_sigterm_under_load_answers_every_accepted_request(start_server, classify, meaning, mixed_texts):
    server = start_server(SCOPESIFT_TIMEOUT="300")
    texts = mixed_texts(16, seed=5)
    right = [meaning(record) for record in classify(server, texts).json()["results"]]
    clients = Clients(12, lambda: classify(server, texts, patient=False))
    try:
        time.sleep(1.5)
        told = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(90) == 0
    finally:
        clients.stop()
    # a request that was sent well before the signal had been accepted
    accepted = [status for sent, status in clients.outcomes if sent < told - 0.2]
    assert len(accepted) > 12
    assert set(accepted) <= {200, 429}
    assert all([meaning(record) for record in reply.json()["results"]] == right for reply in clients.replies)


def test_a_table_that_names_what_is_not_loaded_never_gets_ready_and_the_log_says_which():
    from scopesift_service.local_server import LocalServer

    settings = {"SCOPESIFT_SCOPE": "nano", "SCOPESIFT_PERSPECTIVE_ATTRIBUTES": "INSULT=insult"}
    with LocalServer(settings) as server:
        end = time.monotonic() + PATIENCE
        while "INSULT names the classifier 'insult', which is not loaded" not in server.said():
            assert not server.ready()
            assert time.monotonic() < end, server.said()
            time.sleep(0.2)
        time.sleep(1)
        assert not server.ready()
