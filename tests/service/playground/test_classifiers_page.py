"""The page of classifiers: their quality, their versions, and drafts of rules for languages."""

import json

import pytest

IN_USE = "document.querySelector('#versions .ours code').innerText"


@pytest.fixture
def tab(browser, page_url):
    browser.open(f"{page_url}classifiers")
    yield browser
    assert browser.complaints == []


def make_draft(tab, rows="toxic\\tdu Idiot\\nclean\\tder Zug"):
    tab.run(
        "(() => { at('transfer-lang').value = 'de'; at('token').value = 'a-long-admin-token'; "
        f"at('transfer-rows').value = '{rows}'; at('transfer-go').click(); }})()"
    )
    return tab.until("document.querySelector('.made')?.innerText")


@pytest.mark.parametrize(
    ("pasted", "examples", "wrong"),
    [
        ("toxic\tdu Idiot\nclean\tder Zug", [("du Idiot", "toxic"), ("der Zug", "clean")], []),
        (
            'toxic,"so ""dumm"", wirklich"\r\nclean;gut, danke',
            [('so "dumm", wirklich', "toxic"), ("gut, danke", "clean")],
            [],
        ),
        ('{"text": "x, y", "label": 1}\n\nnothing here', [("x, y", "1")], [3]),
    ],
)
def test_pasted_examples_are_read_as_they_come(tab, pasted, examples, wrong):
    found = tab.run(f"readExamples({json.dumps(pasted)})")
    assert [(item["text"], item["label"]) for item in found["examples"]] == examples
    assert found["wrong"] == wrong


def test_a_draft_is_compared_with_the_rule_in_use_on_the_same_examples_and_changes_nothing(tab, stage):
    said = make_draft(tab)
    sent = next(request for request in stage.requests if "lang" in request)
    assert sent["authorization"] == "Bearer a-long-admin-token"
    assert sent["activate"] is False
    assert sent["examples"] == [{"text": "du Idiot", "label": "toxic"}, {"text": "der Zug", "label": "clean"}]
    assert "a6eaded3727d is still in use" in said
    rows = (
        "[...document.querySelectorAll('.made > .scroll tbody tr')].map((row) => row.innerText.split('\\t'))"
    )
    assert tab.run(rows) == [
        ["in use: the default rule", "0.700", "0.690", "0.040"],
        ["draft: recalibrate", "0.810", "0.800", "0.050"],
    ]
    assert tab.run(IN_USE) == "a6eaded3727d"


def test_a_draft_is_put_into_use_and_the_version_before_put_back(tab, stage):
    make_draft(tab)
    tab.run("document.querySelector('.made button.main').click()")
    tab.until(f"{IN_USE} === '0c1d2e3f4a5b'")
    tab.run("document.querySelector('.made [role=status] button').click()")
    tab.until(f"{IN_USE} === 'a6eaded3727d'")
    assert [request["version"] for request in stage.requests if "version" in request] == [
        "0c1d2e3f4a5b",
        "a6eaded3727d",
    ]


def test_a_draft_that_is_worse_than_the_rule_in_use_says_so(tab, stage):
    stage.warning = "the rule in use is better on these examples"
    assert "Look twice: the rule in use is better" in make_draft(tab)


def test_without_a_token_no_version_is_put_into_use(tab, stage):
    stage.versions = [{**stage.versions[0], "active": False, "version": "b" * 12}, *stage.versions]
    tab.run("showVersions()")
    tab.run("document.querySelector('#versions button').click()")
    assert "needs the access token" in tab.run("at('versions-said').innerText")
    assert not [request for request in stage.requests if "version" in request]


def test_every_language_has_its_row_with_its_own_rule_and_the_default_one(browser, page_url, stage):
    def measured(f1):
        return {"n": 750, "macro_f1": f1, "balanced_accuracy": f1, "accuracy": f1}

    langs = ["am", "ar", "de", "es", "fr", "hi", "ja", "ko", "pt", "ru", "uk", "zh"]
    stage.quality = {f"own rule {lang}": measured(0.9) for lang in langs} | {
        f"zero-shot {lang}": measured(0.6) for lang in langs
    }
    browser.open(f"{page_url}classifiers", width=320)
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true")
    tables = (
        "[...document.querySelectorAll('caption')].filter((one) => one.innerText === 'toxicity by language')"
    )
    rows = browser.run(
        f"[...{tables}[0].parentElement.tBodies[0].rows].map((row) => row.innerText.split('\\t'))"
    )
    assert len(rows) == len(langs)
    assert ["German (de)", "its own", "750", "0.900", "0.900", "0.600"] in rows
    box = (
        f"(({{scrollHeight, clientHeight}}) => [scrollHeight, clientHeight])({tables}[0].closest('.scroll'))"
    )
    assert browser.run(box)[0] == browser.run(box)[1]


def test_after_a_failure_nothing_of_before_stands_there(tab, stage):
    stage.key = "secret"
    tab.run("start().catch(() => null)")
    tab.until("!at('problem').hidden")
    assert tab.run("at('shelf').children.length + at('versions').children.length") == 0
    assert (
        json.loads(tab.run("JSON.stringify(at('problem').innerText)")) == "This server asks for an API key."
    )


def test_each_classifier_says_what_it_gets_wrong_most_often(tab):
    books = tab.run("[...document.querySelectorAll('.book')].map((one) => one.innerText)")
    toxicity, language = (next(one for one in books if name in one) for name in ("toxicity", "language"))
    assert "most often wrong: 7.8% of toxic missed, 25% of clean flagged" in toxicity
    worst = "15% of German (de) taken for Dutch (nl), 8.0% of Dutch (nl) taken for German (de)"
    assert f"most often wrong: {worst}, 5.0% of German (de) taken for unknown" in language


def test_every_label_has_the_labels_that_it_is_taken_for(tab):
    tab.run("for (const one of document.querySelectorAll('details')) one.open = true")
    rows = (
        "[...document.querySelectorAll('caption')].find((one) => one.innerText === 'language by label')"
        ".parentElement.tBodies[0].rows"
    )
    cells = tab.run(f"[...{rows}].map((row) => [...row.cells].map((cell) => cell.innerText))")
    assert cells[0] == ["German (de)", "Dutch (nl) 15%, unknown 5.0%", "200", "0.900", "0.800", "0.850"]
    assert cells[1][1] == "–"
