from pathlib import Path

import pytest
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.rule_search.greedy import GreedySettings
from scopesift_classifiers.transfer.transfer import TransferSettings

from recipes.bundled.languages import add_languages, languages_of

QUICK = TransferSettings(folds=2, greedy=GreedySettings(candidates=20, max_features=1, at_least=(1,)))
SENTENCES = {
    "en": ("a fine cat", "you idiot"),
    "de": ("schönes Wetter", "du Dummkopf"),
    "ru": ("Сегодня", "дурак"),
}


def rows(code, n):
    texts = [f"{SENTENCES[code][at % 2]} {at}" for at in range(n)]
    return LabelledText(texts, [("clean", "toxic")[at % 2] for at in range(n)], [code] * n, ["made up"] * n)


@pytest.fixture(scope="module")
def added(tiny_scope):
    toxicity = fit_classifier("toxicity", tiny_scope, rows("en", 60), rows("en", 40), FitSettings())
    texts = [f"{SENTENCES[code][at % 2]} {at}" for at in range(40) for code in SENTENCES]
    labels = list(SENTENCES) * 40
    spoken = LabelledText(texts, labels, labels, [None] * len(labels))
    language = fit_classifier("language", tiny_scope, spoken, spoken, FitSettings(unknown="und"))
    asked = []

    def rows_of(code, split):
        asked.append((code, split))
        return rows(code, {"train": 30, "dev": 10, "test": 20}[split])

    said = []
    found = add_languages(toxicity, language, tiny_scope, rows_of, ["de", "ru"], said.append, settings=QUICK)
    return found, asked, said


def test_every_language_gets_a_rule_and_its_quality_on_test_rows(added):
    found, _, _ = added
    assert set(found.by_lang) == {"de", "ru"}
    for code in ("de", "ru"):
        measured = found.quality[f"transfer {code}"]
        assert measured["n"] == 20
        assert measured["baselines"]["tfidf"] is not None
        assert sum(measured["routes"].values()) == pytest.approx(1.0)
        assert found.fit["by_lang"][code]["train"]["rows"] == 40


def test_test_rows_are_asked_for_only_after_the_choice(added):
    _, asked, said = added
    assert asked[:3] == [("de", "train"), ("de", "dev"), ("de", "test")]
    assert any("measuring" in line for line in said)


def test_languages_are_the_files_of_the_folder_but_some(tmp_path: Path):
    (tmp_path / "toxicity").mkdir()
    for name in ("en", "ja", "de", "zh"):
        (tmp_path / "toxicity" / f"{name}.jsonl.gz").touch()
    assert languages_of(tmp_path, ("en", "ja")) == ["de", "zh"]
