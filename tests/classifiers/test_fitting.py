import pytest
from scopesift_classifiers.assessment import assess
from scopesift_classifiers.fitting import FitSettings, fit_classifier
from scopesift_classifiers.labelled_text import LabelledText
from scopesift_features.errors import InputError, UsageError


def test_two_fits_of_the_same_rows_give_the_same_bytes(tiny_scope, toxicity, insults):
    again = fit_classifier("toxicity", tiny_scope, insults(160, 1), insults(80, 2), FitSettings())
    assert again.to_json() == toxicity.to_json()


def test_a_fit_does_better_than_chance_on_rows_it_never_saw(tiny_scope, toxicity, insults):
    measured = assess(toxicity, tiny_scope, insults(100, 3))
    assert measured["macro_f1"] > 0.7
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
    with pytest.raises(UsageError, match="greedy, paper"):
        FitSettings(preset="magic")
