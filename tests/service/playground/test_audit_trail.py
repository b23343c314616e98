"""The audit trail on the page of classifiers."""

import pytest

ROWS = (
    "[...document.querySelectorAll('#audit tbody tr')]"
    ".map((row) => [...row.cells].map((cell) => cell.innerText))"
)


@pytest.fixture
def tab(browser, page_url):
    browser.open(f"{page_url}classifiers")
    yield browser
    assert browser.complaints == []


def show(tab, token="a-long-admin-token"):
    tab.run(f"at('token').value = '{token}'")
    tab.run("at('audit-show').click()")


def test_the_trail_says_who_did_what_from_which_version_to_which(tab, stage):
    stage.tell("transfer", "0c1d2e3f4a5b", in_use=False, lang="de", examples=16, labelled=True)
    stage.tell("activate", "0c1d2e3f4a5b")
    show(tab)
    tab.until(f"{ROWS}.length === 2")
    newest, oldest = tab.run(ROWS)
    assert newest[1:] == ["alice", "put a version into use", "toxicity", "a6eaded3727d", "0c1d2e3f4a5b"]
    assert oldest[2] == "made a rule for a language, as a draft\nGerman (de), 16 examples"


def test_without_a_token_or_with_a_wrong_one_nothing_of_the_trail_is_shown(tab, stage):
    stage.tell("activate", "0c1d2e3f4a5b")
    tab.run("at('audit-show').click()")
    assert "needs the access token" in tab.run("at('audit-said').innerText")
    assert tab.run("document.activeElement.id") == "token"
    show(tab, "another-token-than-that")
    assert tab.until("at('audit-said').querySelector('.wrong')?.innerText") == (
        "The access token is missing or wrong."
    )
    assert tab.run("at('audit').children.length") == 0


def test_a_change_stands_in_the_trail_as_soon_as_it_is_made(tab, stage):
    stage.versions = [{**stage.versions[0], "active": False, "version": "b" * 12}, *stage.versions]
    show(tab)
    tab.until("at('audit-said').innerText.includes('Nothing was changed yet')")
    tab.run("showVersions()")
    tab.until("document.querySelectorAll('#versions button').length === 1")
    tab.run("document.querySelector('#versions button').click()")
    tab.until(f"{ROWS}.length === 1")
    assert tab.run(ROWS)[0][5] == "b" * 12


def test_what_the_file_lost_is_told(tab, stage):
    stage.unreadable = 2
    show(tab)
    tab.until("at('audit-said').innerText.includes(\"2 lines of the file can't be read\")")


def test_a_name_or_a_label_in_the_trail_is_never_read_as_markup(tab, stage):
    stage.tell("rename", "b" * 12, feature="4:17", given_name="<img src=x onerror=window.owned=1>")
    show(tab)
    tab.until(f"{ROWS}.length === 1")
    assert tab.run("document.querySelectorAll('#audit img').length") == 0
    assert "“<img src=x" in tab.run(ROWS)[0][2]
