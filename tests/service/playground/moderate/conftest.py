"""The moderator's page, and a small server whose verdicts are written in the texts themselves."""

import json
import re
import threading

import pytest

WAITING = "queue.rows.filter((row) => row.state === 'waiting').length"
LANGUAGES = ["ar", "de", "en", "fr", "zh"]


class Moderated:
    """Answers as the service does: `text score=0.75 lang=de domain=news` has these verdicts.

    Attributes:
        batches: Number of texts of each call without evidence that was answered.
        refusals: What the next such calls are answered instead: status and Retry-After.
        gate: Calls wait until it is set.
        limits: Of a call, as the service tells and checks them.
        key: The API key; None: none is needed.
    """

    def __init__(self):
        self.batches, self.refusals = [], []
        self.key = self.retry_after = None
        self.gate = threading.Event()
        self.gate.set()
        self.limits = {"max_texts": 64, "max_characters": 20480, "max_call_characters": 65536}

    def record(self, text, explain):
        if "poison" in text:
            return {"text": text, "error": {"message": "the engine could not read this text"}}

        def said(name, otherwise):
            found = re.search(rf"{name}=(\S+)", text)
            return found[1] if found else otherwise

        score, word = float(said("score", "0.1")), text.find("idiot")
        item = {
            "layer": 1,
            "feature": 7,
            "name": "fool",
            "activation": 2.0,
            "threshold": 0.0,
            "contribution": 0.5,
        }
        evidence = [{**item, "start": word, "end": word + 3, "text": "idi", "word": "idiot"}]
        many = {"cut": 0.4, "top_labels": [], "rule": "default"}
        verdicts = {
            "toxicity": {"flagged": score >= 0.5, "score": score, "cut": 0.5, "rule": "default"},
            "language": {"label": said("lang", "en"), "score": 0.9, **many},
            "domain": {"label": said("domain", "other"), "score": 0.8, **many},
        }
        if explain:
            for verdict in verdicts.values():
                verdict["evidence"] = evidence if word >= 0 else []
        return {"text": text, **verdicts, "scope": "tiny", "classifiers": {}}

    def answer(self, method, path, body, headers):
        if path == "/readyz":
            return 200, {}
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            return 401, {"error": {"message": "an API key is needed"}}
        if path == "/v1/classifiers":
            one = {"version": "a6eaded3727d", "langs": [], "cut": 0.5, "quality": {}}
            return 200, {
                "scope": {"id": "tiny"},
                "limits": self.limits,
                "transfer": {"enabled": True, "max_examples": 500},
                "classifiers": [
                    {"name": "domain", "kind": "many", "labels": ["news"], "unknown": "other", **one},
                    {"name": "language", "kind": "many", "labels": LANGUAGES, "unknown": "und", **one},
                    {"name": "toxicity", "kind": "binary", "labels": ["toxic"], "unknown": "clean", **one},
                ],
            }
        texts, explain = body["texts"], body.get("explain", True)
        if not explain:
            self.gate.wait(20)
            if self.refusals:
                status, self.retry_after = self.refusals.pop(0)
                return status, {"error": {"message": "too much in flight"}}
            if (
                len(texts) > self.limits["max_texts"]
                or sum(map(len, texts)) > self.limits["max_call_characters"]
            ):
                return 413, {"error": {"message": "too many"}}
            self.batches.append(len(texts))
        return 200, {
            "results": [self.record(text, explain) for text in texts],
            "scope": "tiny",
            "classifiers": {},
        }


@pytest.fixture
def stage():
    return Moderated()


@pytest.fixture
def tab(browser, page_url, stage):
    """The page, and ways to use it."""
    browser.open(page_url + "moderate")
    yield browser
    stage.gate.set()
    browser.run("unsaved = 0")  # nobody is there to answer "leave the page?"
    assert browser.complaints == []


@pytest.fixture
def fill(tab):
    """`fill(field, value)`: put a value in a field, as a person does."""

    def put(field, value):
        tab.run(
            f"(() => {{ const field = document.querySelector('#{field}'); field.value = {json.dumps(value)};"
            " for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind)); })()"
        )

    return put


@pytest.fixture
def moderate(tab, fill):
    """`moderate(text)`: paste it, press the button, and wait for all verdicts."""

    def paste(text, done=True):
        fill("paste", text)
        tab.run("at('begin').click()")
        if done:
            tab.until(f"queue.rows.length && {WAITING} === 0", seconds=60)

    return paste


@pytest.fixture
def listed(tab):
    """`listed()`: the texts of the table, in order."""
    return lambda: tab.run("listing.rows.map((row) => row.text)")
