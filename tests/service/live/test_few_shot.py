"""A few examples over REST: measured, live in every worker and replica, rolled back, and safe from kill -9."""

import json
import os
import signal
import time

import pytest
from scopesift_service.versions.registry import Registry

pytestmark = pytest.mark.timeout(1800)
TOKEN = "an-admin-token-of-28-letters"
ROWS = [
    *({"text": f"Du bist so eine bitch, sagt Nummer {n}", "label": "toxic"} for n in range(8)),
    *({"text": f"Das Wetter ist heute schön am Tag {n}", "label": "clean"} for n in range(8)),
]
BODY = {"lang": "de", "examples": ROWS}


def versions_of(server, ask, calls=12):
    """Versions that answer a number of calls, which both engine processes share."""
    texts = {"texts": ["Das Wetter ist heute schön"]}
    return {ask(server, "POST", "/v1/classify", texts)[1]["classifiers"]["toxicity"] for _ in range(calls)}


def transfer_process(server):
    import psutil

    for process in psutil.Process(server.process.pid).children(recursive=True):
        if "scopesift_service.jobs.transfer" in process.cmdline():
            return process.pid
    return None


def test_a_transfer_is_live_everywhere_at_once_and_rolls_back_by_naming_a_version(
    live, start_live, ask, live_state
):
    replica = start_live(1)
    (start,) = versions_of(live, ask)
    status, made = ask(live, "POST", "/v1/classifiers/toxicity/transfer", BODY, TOKEN)
    assert status == 201, made
    assert made["base_version"] == start != made["version"]
    assert made["quality"]["examples"] == 16
    assert made["quality"]["cross_validated"]["name"] == made["chosen"]
    assert {row["name"] for row in made["strategies"]} >= {made["chosen"]}
    assert versions_of(live, ask) == versions_of(replica, ask, 3) == {made["version"]}
    answer = ask(
        live, "POST", "/v1/classify", {"texts": ["Das Wetter ist heute schön, wir gehen spazieren"]}
    )[1]
    assert answer["results"][0]["toxicity"]["rule"] == "de"
    detail = ask(replica, "GET", "/v1/classifiers/toxicity")[1]
    assert {row["version"] for row in detail["versions"]} == {start, made["version"]}
    status, back = ask(replica, "POST", "/v1/classifiers/toxicity/activate", {"version": start}, TOKEN)
    assert (status, back["previous"]) == (200, made["version"])
    assert versions_of(live, ask) == versions_of(replica, ask, 3) == {start}
    assert (
        json.loads(Registry(live_state).path("toxicity", made["version"]).read_text())["version"]
        == made["version"]
    )


def test_a_transfer_killed_in_the_middle_changes_nothing_and_the_next_one_works(live, ask, live_state):
    import threading

    before = Registry(live_state).active("toxicity"), versions_of(live, ask, 3)
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(ask(live, "POST", "/v1/classifiers/toxicity/transfer", BODY, TOKEN))
    )
    thread.start()
    deadline = time.monotonic() + 300
    while (pid := transfer_process(live)) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2)
    os.kill(pid, signal.SIGKILL)
    thread.join()
    ((status, answer),) = answers
    assert status == 500
    assert "nothing was changed" in answer["error"]["message"]
    assert (Registry(live_state).active("toxicity"), versions_of(live, ask, 3)) == before
    assert ask(live, "POST", "/v1/classifiers/toxicity/transfer", BODY, TOKEN)[0] == 201


def test_examples_of_one_label_are_a_422_that_says_so(live, ask):
    status, answer = ask(
        live, "POST", "/v1/classifiers/toxicity/transfer", {"lang": "de", "examples": ROWS[:8]}, TOKEN
    )
    assert status == 422
    assert "two labels" in answer["error"]["message"]
