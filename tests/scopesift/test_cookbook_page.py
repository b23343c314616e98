"""The commands of docs/cookbook.md run, and say what the page says of them."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from scopesift_classifiers.labelled_rows.rows import read_labelled

from bench.bundled.cookbook import EXAMPLES, SERVED, STEPS, tables
from bench.results_file import stored

PAGE = (Path(__file__).parents[2] / "docs" / "cookbook.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def answers(invoke, tmp_path_factory):
    """What each command answers, run one after the other in a folder with nothing but the examples."""
    folder = tmp_path_factory.mktemp("cookbook")
    shutil.copytree(EXAMPLES, folder / "examples" / "formality")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SCOPESIFT_CACHE", "off")
        return {step: invoke(*arguments(step)) for step in STEPS}


def arguments(step):
    words = shlex.split(STEPS[step])[1:]
    return [*words, "--json"] if words[0] in ("evaluate", "classify") else words


def test_the_page_shows_every_command_with_what_it_printed():
    assert re.findall(r"<!-- table: (\w+) -->", PAGE) == list(tables())
    assert stored("cookbook-cpu")["commands"] == STEPS
    assert all(f"$ {command}\n" in PAGE for command in STEPS.values())


def test_every_command_succeeds(answers):
    assert {step: answer.exit_code for step, answer in answers.items()} == dict.fromkeys(STEPS, 0)


def test_the_fit_says_how_little_eight_dev_rows_say(answers):
    assert "32 rows to fit on, 8 dev rows" in answers["fit"].stderr
    assert "8 dev rows say little" in answers["fit"].stderr


def test_forty_rows_make_a_classifier_that_is_far_better_than_chance(answers):
    measured = json.loads(answers["evaluate"].stdout)
    assert measured["n"] == 20
    assert measured["macro_f1"] > 0.7
    first, second = (json.loads(line) for line in answers["classify"].stdout.splitlines())
    assert (first["formality"]["flagged"], second["formality"]["flagged"]) == (True, False)


def test_sixteen_german_rows_do_not_make_german_worse(answers):
    before, after = (json.loads(answers[step].stdout)["macro_f1"] for step in ("before", "after"))
    assert after >= before


def test_what_is_served_is_what_was_made():
    made = [word for command in STEPS.values() for word in shlex.split(command) if word.endswith(".json")]
    assert SERVED["SCOPESIFT_CLASSIFIERS"].split(",")[0] in made


def test_no_topic_of_the_examples_predicts_the_label_and_none_is_in_two_files():
    rows = {path.stem: read_labelled(path) for path in EXAMPLES.glob("*.jsonl")}
    assert {name: len(found) for name, found in rows.items()} == {
        "train": 40,
        "test": 20,
        "german": 16,
        "german-test": 16,
    }
    for found in rows.values():
        assert found.labels == ["informal", "formal"] * (len(found) // 2)
    texts = [text for found in rows.values() for text in found.texts]
    assert len(texts) == len(set(texts))
