"""Policy topics: bounded rows, languages that are left out, test rows that no fit sees."""

import json

import pytest
from scopesift_features.scope import Scope

from bench.policy import run as policy
from bench.policy import tables as policy_tables
from bench.policy.rows import LEAST, policy_rows, some_of_each_label, with_labels_of
from bench.policy.words import character_ridge

LANGUAGES = ("da", "en")
SYSTEMS = ("scopesift", "tfidf")


@pytest.fixture
def small(monkeypatch, tiny_scope):
    monkeypatch.setattr(policy, "LANGUAGES", LANGUAGES)
    monkeypatch.setattr(policy, "FEWER", (20,))
    monkeypatch.setattr(policy, "SYSTEMS", {name: policy.SYSTEMS[name] for name in SYSTEMS})
    monkeypatch.setattr(policy_tables, "NAMES", {name: policy_tables.NAMES[name] for name in SYSTEMS})
    monkeypatch.setattr(Scope, "load", lambda name: tiny_scope)


def measured(data, out, most=40):
    policy.run(data, "tiny", most, out)
    (path,) = out.glob("policy-*.json")
    return json.loads(path.read_text())


@pytest.mark.usefixtures("small")
def test_every_fit_has_the_rows_it_is_named_after_and_none_of_the_test(policy_data, change_rows, tmp_path):
    result = measured(policy_data, tmp_path / "first")
    cells = result["rows"]
    fits = ("own", "without", "moved")
    assert set(cells) == {"all", "rows 20", *(f"{fit} {lang}" for fit in fits for lang in LANGUAGES)}
    rows = {name: cell["train_rows"] for name, cell in cells.items()}
    assert rows["all"] == rows["own da"] + rows["own en"] == rows["without da"] + rows["without en"]
    assert rows["without da"] == rows["own en"]
    assert rows["rows 20"] < rows["all"] < 2 * 60
    # the topic's word is another in each language: without labels of it, character n-grams know nothing
    words = {
        name: cell["systems"]["tfidf"]["f1"] for name, cell in cells.items() if "tfidf" in cell["systems"]
    }
    assert words["own da"]["da"] > 0.9 > 0.6 > words["without da"]["da"]
    for lang in LANGUAGES:
        change_rows(
            policy_data / "policy" / f"{lang}.jsonl.gz",
            lambda row: row if row["split"] != "test" else {**row, "label": "defense"},
        )
    for name, cell in measured(policy_data, tmp_path / "changed")["rows"].items():
        for system, found in cell["systems"].items():
            assert found["about"] == cells[name]["systems"][system]["about"]
            assert found["f1"] != cells[name]["systems"][system]["f1"]


@pytest.mark.usefixtures("small")
def test_the_tables_have_every_fit_and_the_published_figures(policy_data, tmp_path, monkeypatch):
    said = policy_tables.everything(measured(policy_data, tmp_path))
    for name in (
        "character TF-IDF + ridge, no labels of the language",
        "labels of all languages",
        "median LLM",
    ):
        assert name in said
    monkeypatch.setattr(policy, "read_parts", None)  # everything is there: nothing is read again
    assert policy_tables.everything(measured(policy_data, tmp_path)) == said


def test_bounded_rows_keep_every_label_and_fewer_are_a_part_of_more(policy_data):
    rows = policy_rows(policy_data, "da", 40)
    assert {split: len(own) for split, own in rows.items()} == {"train": 39, "dev": 9, "test": 40}
    assert set(rows["train"].labels) == set(rows["test"].labels)
    few, more = (set(some_of_each_label(rows, most)["train"].tolist()) for most in (12, 24))
    assert few < more


def test_labels_that_are_too_rare_are_left_out(policy_data):
    rows = policy_rows(policy_data, "da", 40)["train"]
    rare = rows.labels[0]
    rows.labels[:] = [
        rare if row < LEAST - 1 else label if label != rare else "energy"
        for row, label in enumerate(rows.labels)
    ]
    kept = with_labels_of(rows, rows)
    assert rare not in {rows.labels[row] for row in kept}
    assert len(kept) == len(rows) - LEAST + 1


def test_character_ridge_chooses_its_penalty_on_dev(policy_data):
    from bench.trials.parts import Part

    rows = policy_rows(policy_data, "en", 60)
    train, dev, test = (Part(rows[split], None, {}) for split in ("train", "dev", "test"))
    fitted = character_ridge(train, dev)
    assert fitted.about["dev_accuracy"] == 1.0
    assert fitted.answer(test).label_N.tolist() == rows["test"].labels
