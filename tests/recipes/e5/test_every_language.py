"""The default of every language: what it is fitted on, what is measured without which language."""

from dataclasses import replace

from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText

from recipes.e5 import every_language

ROWS = {"train": 48, "dev": 12, "test": 12}


def rows_of(_data, code, split):
    n = ROWS[split] // (1 if code != "ja" else 2)
    words = ["cat", "sat", "rain", "mat", "watched", "vaccine"]
    texts = [
        f"{words[at % 6]} {code} {'you idiot, shut up' if at % 2 else words[at % 5]} {split} {at}"
        for at in range(n)
    ]
    return LabelledText(texts, ["toxic" if at % 2 else "clean" for at in range(n)], [code] * n, [None] * n)


def test_the_default_is_of_all_languages_and_measured_without_each_of_them(tmp_path, monkeypatch, tiny_scope):
    english = rows_of(None, "en", "train")
    toxicity = fit_classifier("toxicity", tiny_scope, english, english, FitSettings())
    toxicity.save(tmp_path / "toxicity.json")
    replace(toxicity, name="language").save(tmp_path / "language.json")
    monkeypatch.setattr(every_language, "FEW_ROWS", 40)
    monkeypatch.setattr(every_language, "toxicity_languages", lambda _data: ["de", "es", "ja", "ru"])
    monkeypatch.setattr(every_language, "toxicity_rows", rows_of)
    monkeypatch.setattr(every_language, "SETTINGS", FitSettings(leave_languages_out=True))
    fitted_on = []
    real = every_language.fit_across_languages

    def fit(table, rows, *rest):
        fitted_on.append(sorted(set(rows.langs)))
        return real(table, rows, *rest)

    monkeypatch.setattr(every_language, "fit_across_languages", fit)
    monkeypatch.setattr(every_language, "measure", lambda *_: {"macro_f1": 0.5})
    made = every_language.add_default_of_every_language(tiny_scope, tmp_path, tmp_path, lambda _line: None)
    every = ["de", "en", "es", "ru"]
    assert fitted_on == [[code for code in every if code != out] for out in ("en", "de", "es", "ru")]
    assert set(made.by_lang) == {"en", "ja"}
    assert made.by_lang["en"].to_dict() == toxicity.default.to_dict()
    assert set(made.fit["left_out"]) == set(every)
    for code in (*every, "ja"):
        assert {f"left out {code}", f"left out {code}, 350 unlabelled texts"} <= set(made.quality)
    assert {"test", "own rule de", "own rule ja"} <= set(made.quality)
