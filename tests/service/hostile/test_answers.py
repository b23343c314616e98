"""Answers are the offline engine's, whatever company a text has, and one bad text hurts nobody else."""

import random
from concurrent.futures import ThreadPoolExecutor

N_TEXTS = 400


def test_answers_equal_the_offline_engines_whatever_the_batching(
    server, classify, offline, meaning, mixed_texts
):
    texts = mixed_texts(N_TEXTS)
    chance = random.Random(1)
    calls, at = [], 0
    while at < N_TEXTS:
        size = chance.choice((1, 1, 2, 7, 31, 64))
        calls.append(texts[at : at + size])
        at += size
    with ThreadPoolExecutor(8) as clients:
        replies = list(clients.map(lambda call: classify(server, call), calls))
    assert {reply.status for reply in replies} == {200}
    served = [record for reply in replies for record in reply.json()["results"]]
    expected = offline.records(texts, offline.predict(texts))
    assert [record["text"] for record in served] == texts
    assert [meaning(record) for record in served] == [meaning(record) for record in expected]


def test_a_poisoned_text_among_32_gets_the_one_error_and_31_answers_are_right(
    server, classify, offline, meaning, mixed_texts
):
    texts = mixed_texts(32, seed=2)
    texts[13] = "before ☠poison☠ after"
    records = classify(server, texts).json()["results"]
    expected = offline.records(texts, offline.predict(texts))
    assert records[13]["error"]["code"] == "text_failed"
    assert "poisoned" not in str(records[13]["error"])
    del records[13], expected[13]
    assert [meaning(record) for record in records] == [meaning(record) for record in expected]


def test_a_poisoned_call_does_not_hurt_the_calls_beside_it(server, classify, meaning, mixed_texts):
    texts = mixed_texts(31, seed=3)
    alone = [meaning(record) for record in classify(server, texts).json()["results"]]
    with ThreadPoolExecutor(32) as clients:
        poisoned = clients.submit(classify, server, ["☠poison☠"])
        beside = list(clients.map(lambda text: classify(server, [text]), texts))
        assert poisoned.result().json()["results"][0]["error"]["code"] == "text_failed"
    assert [meaning(reply.json()["results"][0]) for reply in beside] == alone
