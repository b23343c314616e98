"""Settings in the page's address, and what can be copied from the page."""

import json
import shlex
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

COPIED = "(async () => { await copy(%s); return window.copiedText; })()"
SECRET = "a text that nobody else should read, idiot"


@pytest.fixture
def tab(browser, page_url):
    browser.open(page_url)
    catch(browser)
    yield browser
    browser.run("sessionStorage.clear()")
    assert browser.complaints == []


def catch(browser):
    browser.run(
        "Object.defineProperty(navigator, 'clipboard',"
        " {value: {writeText: async (text) => { window.copiedText = text; }}})"
    )


def copied(tab, what):
    return tab.run(COPIED % json.dumps(what))


def test_settings_are_sent_and_a_link_carries_them_but_never_the_text(tab, stage, page_url):
    tab.write(SECRET)
    tab.run(
        "(() => { choose('language', false); const box = el('input'); box.value = '0.8'; setCut('toxicity', box); })()"
    )
    tab.until("document.querySelectorAll('#verdicts article').length === 1")
    assert stage.requests[-1]["classifiers"] == ["toxicity"]
    assert stage.requests[-1]["thresholds"] == {"toxicity": 0.8}
    link = copied(tab, "link")
    assert urlsplit(link).fragment.startswith("classifiers=toxicity&cut.toxicity=0.8")
    assert "idiot" not in link
    stage.requests.clear()
    tab.show("about:blank")
    tab.open(link)
    tab.write("another")
    assert stage.requests[-1]["classifiers"] == ["toxicity"]
    assert stage.requests[-1]["thresholds"] == {"toxicity": 0.8}


def test_settings_of_a_link_that_this_server_does_not_know_are_left_out(browser, page_url, stage):
    browser.show("about:blank")
    browser.open(
        page_url + "#classifiers=insult,toxicity&cut.insult=0.4&cut.language=0.4&cut.toxicity=7&lens=insult"
    )
    browser.write("the idiot")
    assert stage.requests[-1]["classifiers"] == ["toxicity"]
    assert "thresholds" not in stage.requests[-1]
    assert browser.complaints == []


def test_curl_and_python_repeat_the_request_and_hold_no_key(tab, stage, page_url):
    tab.run("keepKey('the-secret-key')")
    text = 'it\'s "quoted" $HOME `x` 😀 \\ idiot'
    tab.write(text)
    words = shlex.split(copied(tab, "curl").replace("\\\n", ""))
    assert json.loads(words[words.index("-d") + 1])["texts"] == [text]
    assert words[2] == f"{page_url}v1/classify"
    program = copied(tab, "Python")
    assert "the-secret-key" not in program + " ".join(words)
    stage.requests.clear()
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"SCOPESIFT_KEY": "k", "PYTHONIOENCODING": "utf-8"},
    )
    assert json.loads(done.stdout)["results"][0]["text"] == text
    assert stage.requests[0]["texts"] == [text]


def test_json_is_the_answer_as_it_came(tab, stage):
    tab.write("the idiot")
    record = json.loads(copied(tab, "JSON"))
    assert record == json.loads(json.dumps(stage.record("the idiot", stage.requests[-1])))


def test_where_the_clipboard_is_closed_the_text_stands_there_to_be_copied(tab):
    tab.write("the idiot")
    tab.run("navigator.clipboard.writeText = async () => { throw new Error('no'); }")
    tab.run("copy('curl')")
    assert "curl -s" in tab.until("document.querySelector('#copied textarea')?.value")


def test_a_long_text_is_read_without_what_it_is_too_long_for(tab, stage):
    for length, asked in ((100, {"explain", "spans"}), (17_000, {"explain"}), (20_000, {"explain"})):
        tab.write("a " * (length // 2))
        assert {"explain", "spans"} & stage.requests[-1].keys() == asked
