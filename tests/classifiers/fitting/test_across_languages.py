"""A fit for languages without labels: everything is chosen on languages that were left out."""

import random

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.labelled_rows.languages import (
    MOST_FOLDS,
    equal_weights,
    language_folds,
    language_numbers,
)
from scopesift_classifiers.labelled_rows.rows import LabelledText, join_rows
from scopesift_classifiers.rule_search.moments import Targets, rank_columns
from scopesift_files.errors import InputError, UsageError

WORDS = {
    "en": "the cat sat on a mat in rain",
    "de": "das Wetter ist heute schön wir gehen spazieren",
    "es": "la economía creció un tres por ciento más",
    "ru": "сегодня хорошая погода",
}


def rows_of(lang, n, seed):
    """Texts of one language; every second one holds the same insult, and in every language a word that betrays it."""
    rng = random.Random(f"{lang} {seed}")
    words, texts = WORDS[lang].split(), []
    for row in range(n):
        own = [rng.choice(words) for _ in range(5)]
        if row % 2:
            own.insert(rng.randrange(6), "you idiot, shut up")
        texts.append(" ".join(own))
    return LabelledText(
        texts, ["toxic" if row % 2 else "clean" for row in range(n)], [lang] * n, ["made up"] * n
    )


def many(codes, n, seed):
    return join_rows([rows_of(code, n, seed) for code in codes])


@pytest.fixture(scope="module")
def fitted(tiny_scope):
    settings = FitSettings(leave_languages_out=True)
    return fit_classifier(
        "toxicity", tiny_scope, many(("en", "de", "es"), 60, 1), many(("en", "de", "es"), 20, 2), settings
    )


def test_a_language_without_labels_is_judged(fitted, tiny_scope):
    rows = rows_of("ru", 60, 3)
    verdicts = [answer["toxicity"] for answer in Engine(tiny_scope, [fitted]).predict(rows.texts)]
    right = [
        verdict.flagged == (label == "toxic") for verdict, label in zip(verdicts, rows.labels, strict=True)
    ]
    assert np.mean(right) > 0.65


def test_the_artifact_has_the_quality_in_each_language_of_the_fit_without_it(fitted):
    left_out = fitted.fit["left_out"]
    assert {lang: found["rows"] for lang, found in left_out.items()} == {"de": 80, "en": 80, "es": 80}
    assert all(0.5 < found["auc"] <= 1 for found in left_out.values())
    assert all(0.5 <= found["balanced_accuracy"] <= 1 for found in left_out.values())


def test_two_fits_give_the_same_bytes(fitted, tiny_scope):
    again = fit_classifier(
        "toxicity",
        tiny_scope,
        many(("en", "de", "es"), 60, 1),
        many(("en", "de", "es"), 20, 2),
        FitSettings(leave_languages_out=True),
    )
    assert again.to_json() == fitted.to_json()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda rows: rows.select(np.flatnonzero([lang != "es" for lang in rows.langs])),
            "at least 3 languages",
        ),
        (
            lambda rows: LabelledText(rows.texts, rows.labels, [None, *rows.langs[1:]], rows.sources),
            "none in 2 rows",
        ),
        (
            lambda rows: rows.select(
                np.flatnonzero(
                    [
                        (lang, label) != ("es", "toxic")
                        for lang, label in zip(rows.langs, rows.labels, strict=True)
                    ]
                )
            ),
            "'toxic' in es",
        ),
    ],
)
def test_rows_that_cannot_be_left_out_by_language_are_refused(tiny_scope, change, says):
    rows = change(many(("en", "de", "es"), 20, 1))
    with pytest.raises(InputError, match=says):
        fit_classifier("toxicity", tiny_scope, rows, rows, FitSettings(leave_languages_out=True))


def test_many_labels_and_other_presets_are_refused(tiny_scope, languages):
    with pytest.raises(UsageError, match="for two labels, got 3"):
        fit_classifier(
            "language", tiny_scope, languages(30, 1), languages(30, 2), FitSettings(leave_languages_out=True)
        )
    with pytest.raises(UsageError, match="is for the preset linear"):
        FitSettings(leave_languages_out=True, preset="greedy")


def test_a_language_is_in_one_fold_and_languages_share_folds_beyond_the_most():
    folds = language_folds(np.repeat(np.arange(11), 5))
    assert len(set(folds.tolist())) == MOST_FOLDS
    assert all(len(set(folds[5 * at : 5 * at + 5].tolist())) == 1 for at in range(11))


def test_languages_and_their_labels_and_sources_weigh_the_same():
    rows = LabelledText(
        [str(at) for at in range(10)],
        ["toxic", "clean", "clean", "clean", "toxic", "toxic", "toxic", "clean", "clean", "toxic"],
        ["de"] * 4 + ["en"] * 4 + ["fr"] * 2,
        ["a", "a", "b", "b", "a", "a", "b", "b", "a", "a"],
    )
    weight_N = equal_weights(rows, language_numbers(rows))
    assert weight_N.sum() == pytest.approx(10)

    def total(lang, label=None, source=None):
        return sum(
            weight
            for weight, *row in zip(weight_N, rows.langs, rows.labels, rows.sources, strict=True)
            if row[0] == lang and label in (None, row[1]) and source in (None, row[2])
        )

    assert total("de") == pytest.approx(total("en")) == pytest.approx(total("fr"))
    assert total("de", "toxic") == pytest.approx(total("de", "clean"))
    assert total("de", "clean", "a") == pytest.approx(total("de", "clean", "b"))
    assert total("en", "toxic", "a") == pytest.approx(total("en", "toxic", "b"))


def test_a_feature_that_means_the_opposite_in_another_language_ranks_below_one_that_means_the_same():
    rng = np.random.default_rng(0)
    positive, group = np.arange(400) % 2 == 0, np.repeat([0, 1], 200)
    acts = rng.exponential(1.0, (400, 6))
    acts[:, 1] += np.where(positive, 1.0, 0.0)
    acts[:, 4] += np.where(positive == (group == 0), 4.0, 0.0)
    table = FeatureTable(csr_matrix(acts.astype(np.float32)), (0,), 6)
    own = Targets.of_two(positive)
    grouped = Targets(own.y_NC, own.weight_N, own.class_N, group)
    fold_N = np.arange(400) // 2 % 4
    assert [ranked[0] for ranked in rank_columns(table, grouped, fold_N, 6)] == [1] * 5
