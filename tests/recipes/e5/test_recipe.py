"""Rows and choices of the recipe of e5, on small data in the layout that it expects."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_features.sae.config import SAEConfig
from scopesift_features.sae.files import write_safetensors

from recipes.e5 import classifiers
from recipes.e5.choice import compare_choices, tasks
from recipes.e5.classifiers import switch_on_restoring
from recipes.e5.rows import sentiment_rows, toxicity_languages, toxicity_rows

CODES = ("en", "ru", "es", "hi", "zh", "ar", "am")


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)


def toxicity(code, source, split, n_toxic, n_clean):
    return [
        {
            "text": f"{split} {source} {code} {'idiot' if toxic else 'rain'} {number}",
            "label": "toxic" if toxic else "clean",
            "lang": code,
            "source": source,
            "split": split,
        }
        for toxic, count in ((True, n_toxic), (False, n_clean))
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for code in CODES:
        rows = [
            row for split in ("train", "dev", "test") for row in toxicity(code, "textdetox", split, 12, 12)
        ]
        write(folder / "textdetox" / f"{code}.jsonl.gz", rows)
    for code in ("en", "fr"):
        rows = [row for split in ("train", "dev", "test") for row in toxicity(code, "forum", split, 30, 5)]
        write(folder / "toxicity" / f"{code}.jsonl.gz", rows)
    for split in ("train", "dev", "test"):
        rows = [
            {
                "text": f"{split} {topic} {number}",
                "domain": topic,
                "lang": "en",
                "source": "sib200",
                "split": split,
            }
            for topic in ("sports", "travel")
            for number in range(8)
        ]
        write(folder / "domain" / f"{split}.jsonl.gz", rows)
        rows = [
            {"text": f"{split} {word} {number}", "lang": code, "source": "sib200", "split": split}
            for code, word in (("en", "rain"), ("de", "Regen"))
            for number in range(8)
        ]
        write(folder / "language" / f"{split}.jsonl.gz", rows)
    rows = [
        {"text": f"{split} {mood} {number}", "label": mood, "lang": "en", "source": "umsab", "split": split}
        for split in ("train", "dev", "test")
        for mood in ("negative", "positive")
        for number in range(8)
    ]
    write(folder / "sentiment" / "en.jsonl.gz", rows)
    return folder


def test_no_source_tells_the_label_and_none_is_left_out(data):
    rows = toxicity_rows(data, "en", "train")
    cells = {
        (source, label): sum(
            1 for s, one in zip(rows.sources, rows.labels, strict=True) if (s, one) == (source, label)
        )
        for source in ("textdetox", "forum")
        for label in ("toxic", "clean")
    }
    assert cells["textdetox", "toxic"] == cells["textdetox", "clean"] == 12
    assert cells["forum", "toxic"] == cells["forum", "clean"] == 5


def test_languages_with_labels_in_either_set_get_a_rule_and_english_is_the_default(data):
    assert toxicity_languages(data) == ["am", "ar", "es", "fr", "hi", "ru", "zh"]


def test_sentiment_rows_are_of_one_split(data):
    assert all(text.startswith("dev ") for text in sentiment_rows(data, "dev").texts)


def test_saes_are_chosen_without_a_look_at_test_rows(data):
    for task in tasks(data).values():
        assert all(text.startswith("train ") for text in task.train.texts)
        assert all(text.startswith("dev ") for text in task.dev.texts)


def test_candidates_are_compared_alone_and_in_pairs_of_different_layers(
    data, tiny_scope, random_saes, tmp_path
):
    files = {}
    for seed, layer in ((1, 0), (2, 0), (3, 2)):
        (sae,) = random_saes(seed=seed, layers=[layer])
        folder = tmp_path / str(seed)
        SAEConfig(base_model="tiny", d_model=32, d_sae=128, k=8, num_layers=4).write(folder)
        files[f"{seed}"] = write_safetensors(sae, folder)
    found = {one.saes: one for one in compare_choices(tiny_scope, files, data, lambda _line: None)}
    assert set(found) == {("1",), ("2",), ("3",), ("1", "3"), ("2", "3")}
    assert all(0 <= one.domain_accuracy <= 1 for one in found.values())
    assert found["3",].english_auc > 0.5  # one word tells the labels apart


def test_restoring_is_switched_on_without_another_fit_and_measured_with_it(tmp_path, monkeypatch):
    before = replace(Classifier.load("toxicity"), restore=False)
    before.save(tmp_path / "toxicity.json")
    rows = LabelledText(["a"], ["toxic"], ["de"], [None])
    monkeypatch.setattr(classifiers, "toxicity_languages", lambda _data: ["de"])
    monkeypatch.setattr(classifiers, "toxicity_rows", lambda *_: rows)

    def measured(classifier, *_args, **_named):
        return {"restored": classifier.restore, "languages": len(classifier.by_lang), "macro_f1": 0.5}

    monkeypatch.setattr(classifiers, "assess", measured)
    after = switch_on_restoring(None, tmp_path, tmp_path, lambda _line: None)
    assert after.restore
    assert after.to_json() == Classifier.load(tmp_path / "toxicity.json").to_json()
    assert replace(after, restore=False).version == before.version
    assert {name: (own["restored"], own["languages"]) for name, own in after.quality.items()} == {
        "zero-shot de": (True, 0)
    }
