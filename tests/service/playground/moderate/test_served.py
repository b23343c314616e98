"""The moderator's page on the real service: paste, decide, export, and what the service makes of the export."""

import json
import urllib.request

import pytest

pytest.importorskip("bentoml")
TEXTS = [f"du verdammter Idiot Nummer {n}" if n % 2 else f"der Zug Nummer {n} kommt" for n in range(24)]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    from scopesift_service.local_server import LocalServer

    state = str(tmp_path_factory.mktemp("state"))
    settings = {
        "SCOPESIFT_STATE": state,
        "SCOPESIFT_MAX_TEXTS": "10",
        "OMP_NUM_THREADS": "1",
    }
    with LocalServer(settings) as server:
        server.wait()
        yield server.url


def post(url, body):
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=120
    ) as answer:
        return answer.status, json.load(answer)


def test_exported_decisions_are_stored_as_suggestions(browser, served):
    browser.open(served + "/moderate")
    browser.run(f"at('paste').value = {json.dumps(chr(10).join(TEXTS))}")
    browser.run("takePaste()")
    browser.run("at('begin').click()")
    browser.until("queue.rows.length === 24 && queue.rows.every((row) => row.verdicts)", seconds=60)
    assert browser.run("queue.limits.max_texts") == 10
    browser.run("choose(0)")
    assert browser.until("document.querySelectorAll('#passage-text mark').length")
    browser.run(
        "for (const row of queue.rows) decide([row], row.text.includes('Idiot') ? 'reject' : 'approve')"
    )
    suggestions = [json.loads(line) for line in browser.run("exportLines('suggestions').lines")]
    browser.run("unsaved = 0")
    assert browser.complaints == []
    for suggestion in suggestions:
        assert post(f"{served}/v1alpha1/comments:suggestscore", suggestion)[0] == 200
    with urllib.request.urlopen(f"{served}/v1/classifiers/toxicity", timeout=60) as answer:
        assert json.load(answer)["suggestions"] == {"de": {"stored": 24, "new": 24}}
