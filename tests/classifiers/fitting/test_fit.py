from dataclasses import replace

import pytest
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.assessment import assess
from scopesift_classifiers.rule_search.greedy import GreedySettings
from scopesift_classifiers.rule_search.linear import LinearSettings
from scopesift_classifiers.rule_search.log_odds import LogOddsSettings
from scopesift_classifiers.rule_search.paper import PaperSettings
from scopesift_files.errors import InputError, UsageError


@pytest.mark.parametrize("preset", ["linear", "greedy"])
def test_two_fits_of_the_same_rows_give_the_same_bytes(
    tiny_scope, toxicity, linear_toxicity, insults, preset
):
    again = fit_classifier(
        "toxicity", tiny_scope, insults(160, 1), insults(80, 2), FitSettings(preset=preset)
    )
    assert again.to_json() == (toxicity if preset == "greedy" else linear_toxicity).to_json()


def test_a_fit_does_better_than_chance_on_rows_it_never_saw(tiny_scope, toxicity, linear_toxicity, insults):
    measured = assess(toxicity, tiny_scope, insults(100, 3))
    assert measured["macro_f1"] > 0.7
    assert assess(linear_toxicity, tiny_scope, insults(100, 3))["macro_f1"] > 0.9
    assert measured["baselines"]["linear_probe"] is None
    assert "--fit-data" in measured["baselines"]["reason"]


def test_many_classes_are_fitted_as_log_odds(tiny_scope, language, languages):
    measured = assess(language, tiny_scope, languages(60, 3))
    assert measured["accuracy"] > 0.9
    assert language.labels == ["de", "es", "ru"]
    assert language.unknown == "und"


def test_baselines_stand_beside_the_rule_when_there_is_fit_data(tiny_scope, toxicity, insults):
    measured = assess(toxicity, tiny_scope, insults(40, 3), fit_data=insults(80, 4))
    assert all(
        measured["baselines"][name]["n"] == 40 for name in ("mean_difference", "linear_probe", "tfidf")
    )


def test_the_layer_budget_is_kept(tiny_scope, insults):
    fitted = fit_classifier("toxicity", tiny_scope, insults(160, 1), insults(80, 2), FitSettings(max_layer=1))
    assert fitted.deepest_layer <= 1


def test_a_layer_budget_beyond_the_deepest_layer_is_a_mistake(tiny_scope, insults):
    with pytest.raises(UsageError, match="deeper than the layers"):
        fit_classifier("toxicity", tiny_scope, insults(20, 1), insults(20, 2), FitSettings(max_layer=99))


def test_the_paper_preset_uses_one_layer_and_thresholds_of_zero(tiny_scope, insults):
    fitted = fit_classifier(
        "toxicity", tiny_scope, insults(160, 1), insults(80, 2), FitSettings(preset="paper")
    )
    assert len({item.layer for item in fitted.default.features}) == 1
    assert {item.threshold for item in fitted.default.features} == {0.0}


def test_features_are_named_after_the_words_that_fire_them(toxicity):
    assert any(
        "idiot" in item.label or "shut" in item.label or "you" in item.label
        for item in toxicity.default.features
    )


def test_one_class_is_refused(tiny_scope, insults):
    alone = LabelledText(["a", "b"] * 10, ["clean"] * 20, [None] * 20, [None] * 20)
    with pytest.raises(InputError, match="at least two labels"):
        fit_classifier("toxicity", tiny_scope, alone, insults(20, 1), FitSettings())


def test_dev_labels_that_train_does_not_have_are_refused(tiny_scope, insults, languages):
    with pytest.raises(InputError, match="expected a label out of"):
        fit_classifier("toxicity", tiny_scope, insults(40, 1), languages(30, 1), FitSettings())


def test_an_unknown_preset_is_bad_usage():
    with pytest.raises(UsageError, match="linear, log-odds, greedy, paper"):
        FitSettings(preset="magic")


def test_more_recall_is_asked_for_and_given_on_dev(tiny_scope, insults):
    rows = insults(160, 1), insults(80, 2)
    asked = fit_classifier("toxicity", tiny_scope, *rows, FitSettings(preset="greedy", recall=1.0))
    plain = fit_classifier("toxicity", tiny_scope, *rows, FitSettings(preset="greedy"))
    assert asked.fit["cut"]["dev_recall"] == 1.0
    assert asked.fit["cut"]["asked"] == {"recall": 1.0}
    assert asked.default.cut <= plain.default.cut
    assert asked.default.rules == plain.default.rules


def test_the_stored_cut_flags_on_dev_what_the_fit_says(tiny_scope, insults):
    train, dev = insults(160, 1), insults(80, 2)
    fitted = fit_classifier("toxicity", tiny_scope, train, dev, FitSettings(precision=0.9))
    measured = assess(fitted, tiny_scope, dev)
    assert measured["precision"] >= 0.9
    assert measured["precision"] == pytest.approx(fitted.fit["cut"]["dev_precision"], abs=1e-4)
    assert measured["recall"] == pytest.approx(fitted.fit["cut"]["dev_recall"], abs=1e-4)


def test_candidates_are_named_best_first(tiny_scope, toxicity):
    candidates = toxicity.fit["candidates"]
    assert 0 < len(candidates) <= 200
    assert all(layer in tiny_scope.layers and 0 <= index < tiny_scope.d_sae for layer, index in candidates)
    assert set(toxicity.features) <= {tuple(pair) for pair in candidates}


def test_a_many_class_cut_keeps_the_right_answers_it_was_asked_to_keep(language):
    cut = language.fit["cut"]
    assert language.default.cut > 0
    assert cut["asked"] == {"recall": 0.99}
    assert set(cut["unknown_of_left_out"]) == {"one_cut", "label_cuts"}
    right = cut["dev_answered"] * cut["dev_precision"]
    assert right >= 0.99 * language.fit["dev_accuracy"] - 0.02


def test_a_text_in_which_nothing_speaks_is_unknown(tiny_scope, language):
    (answer,) = Engine(tiny_scope, [language]).predict([""])
    assert (answer["language"].label, answer["language"].score) == ("und", 0.0)


def test_the_multilayer_preset_takes_one_feature_a_layer(tiny_scope, insults):
    settings = FitSettings(preset="paper-multilayer", paper=PaperSettings(k=(3,)))
    fitted = fit_classifier("toxicity", tiny_scope, insults(160, 1), insults(80, 2), settings)
    layers = [item.layer for item in fitted.default.features]
    assert len(layers) == len(set(layers)) == 3
    assert fitted.fit["paper"] == {"k": [3], "multilayer": True, "layer": None}


def test_the_papers_layer_may_be_given_but_must_be_there(tiny_scope, insults):
    rows = insults(160, 1), insults(80, 2)
    settings = FitSettings(preset="paper", paper=PaperSettings(layer=2))
    fitted = fit_classifier("toxicity", tiny_scope, *rows, settings)
    assert {item.layer for item in fitted.default.features} == {2}
    with pytest.raises(UsageError, match="layer 9"):
        fit_classifier("toxicity", tiny_scope, *rows, replace(settings, paper=PaperSettings(layer=9)))


def test_a_cached_fit_is_the_same_fit(tiny_scope, insults, linear_toxicity, tmp_path):
    cache = FeatureCache(tmp_path)
    for _ in range(2):
        again = fit_classifier(
            "toxicity", tiny_scope, insults(160, 1), insults(80, 2), FitSettings(), cache=cache
        )
        assert again.to_json() == linear_toxicity.to_json()


@pytest.mark.parametrize(
    "settings", [{"precision": 0.9, "recall": 0.9}, {"precision": 0.0}, {"recall": 1.2}, {"keep_right": 0.0}]
)
def test_impossible_cuts_are_bad_usage(settings):
    with pytest.raises(UsageError):
        FitSettings(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"preset": "greedy", "linear": LinearSettings(max_features=3)},
        {"preset": "linear", "greedy": GreedySettings(max_features=3)},
        {"paper": PaperSettings(layer=1)},
        {"preset": "greedy", "log_odds": LogOddsSettings(per_class=(2,))},
        {"preset": "paper-multilayer", "paper": PaperSettings(layer=1)},
    ],
)
def test_the_extent_of_another_presets_search_is_bad_usage(settings):
    with pytest.raises(UsageError, match="leave"):
        FitSettings(**settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"positive": "toxi"}, "expected 'toxi'.* labels 'clean' and 'toxic'.*--positive"),
        ({"unknown": "und"}, "unknown is for more than two labels"),
        ({"keep_right": 0.5}, "keep_right is for more than two labels"),
        ({"log_odds": LogOddsSettings(per_class=(2,))}, "log_odds is for more than two labels"),
    ],
)
def test_settings_without_effect_on_two_labels_are_refused_before_a_text_is_read(insults, settings, says):
    with pytest.raises(UsageError, match=says):
        fit_classifier("toxicity", None, insults(40, 1), insults(20, 2), FitSettings(**settings))
