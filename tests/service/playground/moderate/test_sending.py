"""Texts reach the service within its limits, whatever it answers, and none is lost on the way."""

import time

import pytest

WAITING = "queue.rows.filter((row) => row.state === 'waiting').length"
LINES = "\n".join(f"text {n} score=0.{n % 10}" for n in range(100))


def test_texts_are_sent_in_calls_within_the_limits(tab, moderate, stage):
    moderate(LINES)
    assert sum(stage.batches) == 100
    assert max(stage.batches) == 64
    stage.batches.clear()
    stage.limits["max_call_characters"] = 250
    tab.run("start()")
    tab.until("queue.limits.max_call_characters === 250")
    tab.run("at('more').click()")
    moderate("\n".join(["x" * 100] * 5))
    assert stage.batches == [2, 2, 1]


def test_a_text_over_the_limit_is_not_sent_says_so_and_can_be_decided(tab, moderate, stage):
    moderate("short\n" + "x" * 21_000)
    assert stage.batches == [1]
    tab.run("choose(listing.rows.length - 1)")
    assert "21,000 characters; this service takes 20,480" in tab.run("at('passage-said').textContent")
    tab.run("decideChosen('reject')")
    assert tab.run("queue.rows[1].decision") == "reject"
    assert "1 without a verdict" in tab.run("at('progress-said').textContent")


def test_a_busy_service_is_asked_again_when_it_says_so(tab, moderate, stage):
    stage.refusals = [(429, 2)]
    began = time.monotonic()
    moderate(LINES, done=False)
    said = tab.until("at('progress-why').textContent")
    assert "busy" in said
    assert "Next try in 2 s" in said
    tab.until(f"{WAITING} === 0")
    assert time.monotonic() - began > 2
    assert sum(stage.batches) == 100
    assert tab.run("at('progress-why').textContent") == ""


def test_a_lost_network_loses_no_text_and_no_decision(tab, moderate, stage):
    moderate(LINES, done=False)
    tab.until(f"queue.rows.length === 100 && {WAITING} === 0")
    tab.run("(() => { choose(0); decideChosen('reject'); })()")
    tab.send("Network.enable")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    tab.send("Network.emulateNetworkConditions", offline=True, **offline)
    tab.run("at('more').click()")
    moderate("while away\nand another", done=False)
    assert "can't be reached" in tab.until("at('progress-why').textContent")
    assert tab.run(WAITING) == 2
    assert tab.run("queue.rows.filter((row) => row.decision).length") == 1
    tab.send("Network.emulateNetworkConditions", offline=False, **offline)
    tab.until(f"{WAITING} === 0")
    assert sum(stage.batches) == 102


@pytest.mark.parametrize("status", [413, 503])
def test_calls_become_smaller_where_the_service_cannot_do_as_much_as_it_says(tab, moderate, stage, status):
    stage.refusals = [(status, 1)]
    moderate(LINES)
    assert stage.batches[0] == 32
    assert sum(stage.batches) == 100


def test_sending_can_be_paused_and_goes_on_where_it_was(tab, moderate, stage):
    stage.gate.clear()
    moderate(LINES, done=False)
    tab.until("sending.state === 'sending'")
    tab.run("at('pause').click()")
    assert tab.run("at('pause').textContent") == "Go on"
    stage.gate.set()
    tab.until(f"{WAITING} === 36")  # the call under way is let finish
    time.sleep(0.2)
    assert stage.batches == [64]
    assert "Paused" in tab.run("at('progress-why').textContent")
    tab.run("at('pause').click()")
    tab.until(f"{WAITING} === 0")
    assert stage.batches == [64, 36]


def test_going_on_at_once_after_a_pause_sends_no_text_twice(tab, moderate, stage):
    stage.gate.clear()
    moderate(LINES, done=False)
    tab.run("(() => { at('pause').click(); at('pause').click(); })()")
    stage.gate.set()
    tab.until(f"{WAITING} === 0")
    assert stage.batches == [64, 36]


def test_an_error_of_the_service_stops_after_three_tries_and_can_be_tried_again(tab, moderate, stage):
    tab.run("pauseFor = async () => {}")
    stage.refusals = [(500, None)] * 3
    moderate(LINES, done=False)
    tab.until("sending.state === 'stopped'")
    assert "went wrong on the server" in tab.run("at('progress-why').textContent")
    assert tab.run(WAITING) == 100
    tab.run("at('pause').click()")
    tab.until(f"{WAITING} === 0")


def test_a_text_that_cannot_be_read_stands_beside_the_others_without_a_verdict(tab, moderate):
    moderate("good score=0.9\npoison\nfine")
    assert tab.run("queue.rows.map((row) => row.state)") == ["scored", "failed", "scored"]
    assert tab.run("listing.rows.at(-1).text") == "poison"


def test_a_key_is_asked_for_and_the_texts_are_sent_with_it(tab, moderate, stage):
    moderate("first")
    stage.key = "secret"
    tab.run("at('more').click()")
    moderate("second", done=False)
    tab.until("!at('key-wanted').hidden")
    assert tab.run(WAITING) == 1
    tab.run("at('key-open').click()")
    tab.run("at('key-value').value = 'secret'")
    tab.run("document.querySelector('#key .main').click()")
    tab.until(f"{WAITING} === 0")
    tab.run("sessionStorage.clear()")


def test_starting_over_asks_first_and_forgets_everything(tab, moderate, stage):
    moderate("one\ntwo")
    tab.run("(() => { choose(0); decideChosen('approve'); at('discard').click(); })()")
    assert "2 texts and 1 decision are" in tab.run("at('sure').innerText")
    tab.run("document.querySelector('#sure [value=keep]').click()")
    assert tab.run("queue.rows.length") == 2
    tab.run("at('discard').click()")
    tab.run("document.querySelector('#sure [value=discard]').click()")
    tab.until("queue.rows.length === 0 && !at('intake').hidden")
    assert tab.run("[steps.done.length, unsaved, passage.kept.size, at('paste').value]") == [0, 0, 0, ""]


def test_leaving_with_unsaved_decisions_is_asked_about(tab, moderate):
    leave = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    moderate("one\ntwo")
    assert not tab.run(leave)
    tab.run("(() => { choose(0); decideChosen('approve'); })()")
    assert tab.run(leave)
    tab.run("saveExport('labels')")
    assert not tab.run(leave)
