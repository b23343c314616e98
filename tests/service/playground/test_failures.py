"""What stands on the page after a failure: an error in words for people, and no verdict of another text."""

import json

import pytest

NOTHING = (
    "document.querySelectorAll('#verdicts article').length === 0 && !document.querySelector('#read mark')"
    " && !at('read').innerText.includes('idiot') && at('copies').hidden"
)
PROBLEM = "!at('problem').hidden && at('problem').innerText"
FOR_PROGRAMS = ("texts[", "Retry-After", "Authorization", "Bearer", "undefined", "NetworkError")


@pytest.fixture
def tab(browser, page_url):
    browser.open(page_url)
    browser.write("the idiot")
    yield browser
    browser.send(
        "Network.emulateNetworkConditions",
        offline=False,
        latency=0,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )
    assert browser.complaints == []


def paste(tab, text):
    """Replace the text as a paste does, without waiting for anything."""
    tab.run("(() => { const box = at('text'); box.focus(); box.select(); })()")
    tab.send("Input.insertText", text=text)


def failed(tab, words):
    said = tab.until(PROBLEM)
    assert words in said
    assert not [word for word in FOR_PROGRAMS if word in said]
    assert tab.run(NOTHING)


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (429, "too much in flight; try again after Retry-After", "The server is busy. Trying again in 7 s."),
        (
            413,
            "texts[0] has 24000 characters, the limit is 20480",
            "24,000 characters, and this server takes 20,480",
        ),
        (408, "the body did not arrive in time", "didn't arrive"),
        (500, "internal error", "Something went wrong on the server"),
        (503, "the engine is not available; try again after Retry-After", "isn't ready"),
        (400, "texts[0] must be a string", "text 1 must be a string"),
    ],
)
def test_after_a_refusal_there_is_no_verdict_and_the_reason_is_in_words(tab, stage, status, message, words):
    stage.retry_after = 7
    stage.refusals = [(status, message)] * 9
    paste(tab, "quite another text")
    failed(tab, words)


def test_a_busy_server_is_asked_again_by_itself(tab, stage):
    stage.retry_after = 1
    stage.refusals = [(429, "too much in flight")]
    paste(tab, "another idiot")
    failed(tab, "busy")
    tab.until("shown.text === 'another idiot' && at('problem').hidden")


def test_a_text_over_the_limit_is_not_sent_and_the_old_verdict_is_gone(tab, stage):
    paste(tab, "x" * 24_000)
    failed(tab, "24,000 characters, and this server takes 20,480 at once. Take out 3,520.")
    assert all(len(request["texts"][0]) < 24_000 for request in stage.requests)


def test_without_a_network_the_old_verdict_is_gone(tab):
    tab.send("Network.enable")
    tab.send(
        "Network.emulateNetworkConditions",
        offline=True,
        latency=0,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )
    paste(tab, "quite another text")
    failed(tab, "can't be reached")


def test_a_server_that_takes_too_long_is_given_up(tab):
    tab.run("AbortSignal.timeout = () => AbortSignal.abort(new DOMException('late', 'TimeoutError'))")
    paste(tab, "quite another text")
    failed(tab, "didn't answer in time")


def test_while_a_new_text_is_read_the_old_verdict_says_that_it_is_old(tab, stage):
    stage.delays = [1.5]
    paste(tab, "quite another text")
    assert tab.run("'stale' in document.documentElement.dataset")
    assert tab.run("document.querySelector('.old').checkVisibility()")
    assert "line-through" in tab.run(
        "getComputedStyle(document.querySelector('.verdict .word')).textDecoration"
    )
    tab.until("shown.text === 'quite another text' && !('stale' in document.documentElement.dataset)")
    assert not tab.run("document.querySelector('.old').checkVisibility()")


def test_a_late_answer_never_replaces_that_of_a_later_text(tab, stage):
    stage.delays = [1.2, 0]
    tab.run("put('the first idiot')")
    tab.run("put('the second text')")
    tab.until("shown.text === 'the second text' && at('verdicts-place').ariaBusy === 'false'")
    tab.run("new Promise((done) => setTimeout(done, 1500))")
    assert tab.run("shown.text") == "the second text"
    assert tab.run("document.querySelector('[data-name=toxicity] .word').innerText") == "not flagged"


def test_a_key_is_asked_for_without_taking_a_keystroke(tab, stage):
    stage.key = "secret"
    paste(tab, "typed")
    failed(tab, "asks for an API key")
    assert tab.run("at('key-wanted').checkVisibility() && !at('key').open")
    assert tab.run("document.activeElement.id") == "text"
    tab.send("Input.insertText", text=" on and on")
    assert tab.run("at('text').value") == "typed on and on"
    assert tab.run("at('key-value').value") == ""
    tab.run("at('key-open').click()")
    tab.send("Input.insertText", text="secret")
    tab.run("document.querySelector('#key .main').click()")
    tab.until("shown.text === 'typed on and on' && !at('key-wanted').checkVisibility()")
    tab.run("sessionStorage.clear()")


def test_a_wrong_key_says_so_and_shows_no_verdict(tab, stage):
    stage.key = "secret"
    tab.run(f"keepKey({json.dumps('guess')})")
    paste(tab, "quite another text")
    failed(tab, "isn't one of this server's")
    tab.run("sessionStorage.clear()")


def test_a_long_text_has_its_verdict_before_its_hits_and_keeps_it_without_them(tab, stage):
    long = "an idiot, no idiot. " * 150
    paste(tab, long)
    tab.until("document.querySelectorAll('#read mark').length === 300")
    assert ["explain" in request for request in stage.requests[-2:]] == [False, True]
    stage.refuse_hits = True
    paste(tab, f"so {long}")
    tab.until("at('timing').innerText.includes('only each feature')")
    assert tab.run(
        "shown.text.startsWith('so ') && document.querySelectorAll('#verdicts article').length === 2"
    )
    assert tab.run("document.querySelectorAll('#read mark').length") == 1
