"""The playground on the real service."""

import json
from urllib.parse import urlsplit

import pytest

pytest.importorskip("bentoml")


@pytest.fixture(scope="module")
def served(browser, tmp_path_factory):
    from scopesift_service.local_server import LocalServer

    state = str(tmp_path_factory.mktemp("state"))
    settings = {
        "SCOPESIFT_STATE": state,
        "SCOPESIFT_ADMIN_TOKEN": "an-admin-token-of-tests",
        "OMP_NUM_THREADS": "1",
    }
    with LocalServer(settings) as server:
        server.wait()
        yield f"{server.url}/"


def test_real_verdicts_arrive_and_the_page_breaks_no_rule_of_its_policy(browser, served):
    browser.open(served)
    browser.write("Die Mannschaft gewann das Finale 😀 nach einem Tor in der letzten Minute.")
    assert "German (de)" in browser.run("document.querySelector('[data-name=language]').innerText")
    marked = browser.run("[...document.querySelectorAll('#read mark')].map((mark) => mark.textContent)")
    assert marked
    hits = browser.run("features.flatMap((item) => item.hits.map((hit) => [hit.start, hit.end]))")
    words = {browser.run("shown.text")[start:end] for start, end in hits}
    assert "Mannschaft" in words
    assert all(word == word.strip(" .") or word == "." for word in words)
    assert browser.complaints == []


def test_the_documentation_shows_every_operation_and_tries_one_out_without_another_host(browser, served):
    browser.open(served)
    browser.run("[...document.links].find((link) => link.textContent === 'API').click()")
    browser.until("document.querySelectorAll('.opblock').length >= 18")
    operation = "#operations-Classify-classify"
    for button in (".opblock-summary-control", ".try-out__btn", ".execute"):
        browser.until(f"!!document.querySelector('{operation} {button}')")
        browser.run(f"document.querySelector('{operation} {button}').click()")
    status = f"document.querySelector('{operation} .live-responses-table .response .response-col_status')"
    browser.until(f"{status}?.innerText.includes('200')")
    names = browser.run("performance.getEntries().map((entry) => entry.name)")
    assert {urlsplit(name).netloc for name in names if name.startswith("http")} == {urlsplit(served).netloc}
    assert browser.complaints == []


FOREIGN = """(() => {
  const script = document.createElement('script');
  script.textContent = 'window.foreign = 1';
  document.body.append(script);
})()"""


def test_what_the_policy_does_not_name_does_not_run(browser, served):
    browser.open(served)
    browser.run(FOREIGN)
    assert browser.run("window.foreign === undefined")


def test_a_few_examples_make_a_draft_that_is_put_into_use_and_back_and_a_wrong_token_is_refused(
    browser, served
):
    browser.open(f"{served}classifiers")
    heads = browser.run("[...document.querySelectorAll('#shelf h2')].map((head) => head.textContent).sort()")
    assert heads == ["domain", "language", "sentiment", "task-type", "toxicity"]
    rows = [f"toxic\tdu verdammter Idiot Nummer {n}" for n in range(12)]
    rows += [f"clean\tder Zug Nummer {n} kommt" for n in range(12)]
    browser.run(f"at('transfer-rows').value = {json.dumps(chr(10).join(rows))}")
    browser.run("at('transfer-lang').value = 'de'")
    browser.run("(() => { at('token').value = 'not-the-token-at-all'; at('transfer-go').click(); })()")
    assert browser.until("at('transfer-answer').querySelector('.problem')?.innerText")
    in_use = browser.run("document.querySelector('#versions .ours code').innerText")
    browser.run("(() => { at('token').value = 'an-admin-token-of-tests'; at('transfer-go').click(); })()")
    said = browser.until("at('transfer-answer').querySelector('.made, .problem')?.innerText", seconds=400)
    assert "for German (de)" in said
    assert f"{in_use} is still in use" in said
    assert browser.run("document.querySelector('#versions .ours code').innerText") == in_use
    browser.run("document.querySelector('.made button.main').click()")
    browser.until(
        f"document.querySelector('#versions .ours code').innerText !== {json.dumps(in_use)}", seconds=60
    )
    browser.run("document.querySelector('.made [role=status] button').click()")
    browser.until(
        f"document.querySelector('#versions .ours code').innerText === {json.dumps(in_use)}", seconds=60
    )
    assert browser.complaints == []


def test_a_real_feature_is_named_and_muted_from_its_card_compared_on_examples_and_told_in_the_trail(
    browser, served
):
    browser.open(f"{served}classifiers")
    browser.run("at('token').value = 'an-admin-token-of-tests'")
    browser.until("!!document.querySelector('#features .feature rect')")
    in_use = browser.run("document.querySelector('#versions .ours code').innerText")
    place = browser.run("document.querySelector('#features .feature').dataset.place")
    card = f"document.querySelector('[data-place=\"{place}\"]')"
    browser.run(f"{card}.querySelector('.change input').value = 'swear words'")
    browser.run(f"{card}.querySelector('.change button[type=submit]').click()")
    browser.until(f"{card}?.querySelector('h3').innerText === 'swear words'", seconds=120)
    browser.run("at('features-examples').value = 'toxic\\tyou stupid idiot\\nclean\\tthe train is late'")
    browser.run(f"{card}.querySelector('.change button[type=button]').click()")
    said = browser.until(
        "document.querySelector('#features-outcome .main') && at('features-outcome').innerText", seconds=200
    )
    assert "of 2 verdicts change" in said
    browser.run("document.querySelector('#features-outcome .main').click()")
    browser.until(f"{card} === null", seconds=60)
    browser.run("at('audit-show').click()")
    told = "[...document.querySelectorAll('#audit tbody tr')].map((row) => row.cells[2].innerText.split('\\n')[0])"
    browser.until(f"{told}.length >= 3")
    deeds = ["put a version into use", "muted a feature, as a draft", "named a feature"]
    assert browser.run(told)[:3] == deeds
    row = f"[...document.querySelectorAll('#versions tbody tr')].find((row) => row.innerText.includes('{in_use}'))"
    browser.run(f"{row}.querySelector('button').click()")
    browser.until(f"document.querySelector('#versions .ours code').innerText === '{in_use}'", seconds=60)
    assert browser.complaints == []
