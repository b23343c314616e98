"""Features named and muted from their cards, and the progress of what takes long."""

import json
import time

import pytest

from tests.service.playground.classifier_answers import RUNNING

FIRST = "document.querySelector('#features .feature')"
IN_USE = "document.querySelector('#versions .ours code').innerText"
OUTCOME = "document.querySelector('#features-outcome .made')?.innerText"


@pytest.fixture
def tab(browser, page_url):
    browser.open(f"{page_url}classifiers")
    browser.until(f"!!{FIRST}")
    browser.run("at('token').value = 'a-long-admin-token'")
    yield browser
    assert browser.complaints == []


def asked(stage, action):
    keys = {"rename": "given_name", "mute": "feature"}
    return [request for request in stage.requests if keys[action] in request]


def name_it(tab, name):
    tab.run(f"{FIRST}.querySelector('.change input').value = {json.dumps(name)}")
    tab.run(f"{FIRST}.querySelector('.change button[type=submit]').click()")


def mute_it(tab):
    tab.run(f"{FIRST}.querySelector('.change button[type=button]').click()")


def test_a_feature_is_named_and_the_version_before_can_be_put_back(tab, stage):
    name_it(tab, " plain insults ")
    said = tab.until(OUTCOME)
    assert "“plain insults”" in said
    assert "No verdict changes" in said
    (request,) = asked(stage, "rename")
    assert (request["feature"], request["given_name"]) == ("4:0", "plain insults")
    assert request["authorization"] == "Bearer a-long-admin-token"
    tab.until(f"{FIRST}.querySelector('h3').innerText === 'plain insults'")
    tab.until(f"{IN_USE} === 'a1a1a1a1a1a1'")
    tab.run("document.querySelector('#features-outcome .made button').click()")
    tab.until(f"{IN_USE} === 'a6eaded3727d'")


def test_muting_makes_a_draft_that_is_compared_on_the_examples_and_changes_nothing(tab, stage):
    rows = "toxic\tdu Idiot\nclean\tder Zug kommt <b>"
    tab.run(f"at('features-examples').value = {json.dumps(rows)}")
    mute_it(tab)
    said = tab.until(OUTCOME)
    (request,) = asked(stage, "mute")
    assert (request["feature"], request["activate"]) == ("4:0", False)
    assert request["examples"] == [
        {"text": "du Idiot", "label": "toxic"}, {"text": "der Zug kommt <b>", "label": "clean"}
    ]  # fmt: skip
    assert "a6eaded3727d is still in use" in said
    assert "no longer counts in 2 rules: the default one, German (de)" in said
    assert "calibration and cuts of the rest stay" in said
    assert "1 of 2 verdicts changes" in said
    changed = "[...document.querySelectorAll('#features-outcome table')[1].tBodies[0].rows[0].cells]"
    assert tab.run(f"{changed}.map((cell) => cell.innerText)") == [
        "der Zug kommt <b>", "clean", "toxic (0.61)", "clean (0.38)"
    ]  # fmt: skip
    assert tab.run(IN_USE) == "a6eaded3727d"
    tab.run("document.querySelector('#features-outcome button.main').click()")
    tab.until(f"{IN_USE} === 'b2b2b2b2b2b2'")
    tab.run("document.querySelector('#features-outcome [role=status] button').click()")
    tab.until(f"{IN_USE} === 'a6eaded3727d'")


def test_versions_of_before_that_arrive_late_are_not_shown(tab, stage):
    stage.version_delays = [0.5]
    mute_it(tab)
    tab.until(OUTCOME)
    tab.run("document.querySelector('#features-outcome button.main').click()")
    tab.until(f"{IN_USE} === 'b2b2b2b2b2b2'")
    time.sleep(0.6)
    assert tab.run(IN_USE) == "b2b2b2b2b2b2"


def test_without_examples_the_draft_says_that_nothing_was_compared(tab, stage):
    mute_it(tab)
    assert "nothing was compared" in tab.until(OUTCOME)
    assert "examples" not in asked(stage, "mute")[0]


def test_examples_that_are_not_understood_are_told_before_anything_is_asked(tab, stage):
    tab.run("at('features-examples').value = 'no label here'")
    mute_it(tab)
    assert "Line 1 of the examples was not understood" in tab.run("at('features-outcome').innerText")
    assert asked(stage, "mute") == []


def test_what_the_server_refuses_stands_there_in_its_words(tab, stage):
    stage.refusal = "4:0 is the last feature of the rule 'default', which could decide nothing without it"
    mute_it(tab)
    tab.until("at('features-outcome').innerText.includes('is the last feature of the rule')")


def test_without_a_token_nothing_is_changed(tab, stage):
    tab.run("at('token').value = ''")
    for change in (lambda: name_it(tab, "x"), lambda: mute_it(tab)):
        change()
        assert "needs the access token" in tab.run("at('features-outcome').innerText")
        assert tab.run("document.activeElement.id") == "token"
    assert [request for request in stage.requests if "feature" in request] == []


def test_a_transfer_shows_the_stage_that_the_server_is_in_and_how_much_of_it_is_done(tab, stage):
    stage.transfer_seconds = 3
    stage.running = RUNNING
    tab.run(
        "(() => { at('transfer-lang').value = 'de'; at('transfer-rows').value = 'toxic\\tdu Idiot'; "
        "at('transfer-go').click(); })()"
    )
    place = "at('transfer-progress')"
    tab.until(f"{place}.innerText.includes('Reading the examples') && {place}.innerText.includes('5 of 24')")
    assert tab.run(f"{place}.querySelector('progress').position") == pytest.approx(5 / 24)
    stage.running = {**stage.running, "stage": "choosing", "done": 3, "of": 9}
    tab.until(f"{place}.innerText.includes('cross-validated') && {place}.innerText.includes('3 of 9')")
    stage.running = {**stage.running, "stage": "measuring", "done": 0, "of": 0}
    tab.until(f"{place}.innerText.includes('Measuring the rule in use')")
    assert not tab.run(f"{place}.querySelector('progress').hasAttribute('value')")
    tab.until("!!document.querySelector('.made')")
    assert tab.run(f"{place}.children.length") == 0
