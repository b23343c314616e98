"""The closed-form fit: what it finds, and that the same activations give the same number wherever it is formed."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.decision import decision_from_json, leads
from scopesift_classifiers.artifact.linear_sum import decimals_of, rounded_weights
from scopesift_classifiers.artifact.rule import LINEAR, Rule, rule_from_json
from scopesift_classifiers.artifact.text import canonical
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.fitting.stored_cut import above_nothing
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.rule_search.linear import LinearSettings, rules_by_size, search_linear
from scopesift_classifiers.rule_search.moments import Targets, moments_by_fold, rank_columns
from scopesift_files.errors import InputError, UsageError

PLANTED = (3, 11, 17)


def table_of(acts, layers=(0,)):
    acts = np.asarray(acts, dtype=np.float32)
    return FeatureTable(csr_matrix(acts), tuple(layers), acts.shape[1] // len(layers))


def planted(n, seed):
    """Three of forty features are stronger in positives, none of them alone tells for sure."""
    rng = np.random.default_rng(seed)
    positive = np.arange(n) % 2 == 0
    acts = rng.exponential(1.0, (n, 40)) * (rng.random((n, 40)) < 0.5)
    for column in PLANTED:
        acts[:, column] = rng.exponential(np.where(positive, 4.0, 1.0))
    return acts, positive


def accuracy(positive):
    return lambda margins_NC: float(((margins_NC[:, 0] > 0) == positive).mean())


def search(fit, positive, dev, positive_dev, settings, fold_N=None):
    folds = np.arange(len(positive)) // 2 % 3 if fold_N is None else fold_N
    return search_linear(
        table_of(fit), Targets.of_two(positive), table_of(dev), accuracy(positive_dev), settings, folds
    )


def test_planted_features_stay_when_all_others_are_cut():
    fit, positive = planted(600, 0)
    dev, positive_dev = planted(300, 1)
    found = search(fit, positive, dev, positive_dev, LinearSettings(max_features=3, sizes=()))
    assert found.whole.columns == PLANTED
    assert all(one.columns == PLANTED for one in found.without)
    assert min(found.whole.rule.weights) > 0


def test_the_fewest_features_within_the_tolerance_are_kept_and_every_number_is_told():
    fit, positive = planted(600, 2)
    dev, positive_dev = planted(300, 3)
    found = search(fit, positive, dev, positive_dev, LinearSettings(max_features=32, sizes=(1, 3, 8)))
    curve = found.details["linear"]["curve"]
    assert [point["features"] for point in curve] == [1, 3, 8, 32]
    worth = {point["features"]: point["dev_objective"] for point in curve}
    chosen = len(found.whole.columns)
    assert worth[chosen] == round(found.whole.dev_objective, 4) >= max(worth.values()) - 0.002
    assert all(worth[size] < max(worth.values()) - 0.002 for size in worth if size < chosen)
    assert found.candidates[:3] == tuple(sorted(PLANTED, key=found.candidates.index))


def test_fit_rows_that_help_few_dev_rows_are_judged_by_the_fit_that_left_their_fold_out():
    fit, positive = planted(90, 0)
    dev, _ = planted(9, 1)
    fold_N = np.arange(90) // 2 % 3
    seen = []

    def worth(margins_NC):
        seen.append(margins_NC)
        return 0.0

    settings = LinearSettings(max_features=3, sizes=())
    fit_table, targets = table_of(fit), Targets.of_two(positive)
    found = search_linear(fit_table, targets, table_of(dev), worth, settings, fold_N, with_held_out=True)
    assert [len(margins_NC) for margins_NC in seen] == [9 + 90]
    for fold, one in enumerate(found.without):
        held = np.flatnonzero(fold_N == fold)
        expected = one.margins(table_of(fit[held]))
        np.testing.assert_allclose(
            seen[0][9 + held], expected, atol=1e-2
        )  # an artifact's weights are rounded


def test_labels_of_the_fold_that_is_left_out_are_not_looked_at_but_by_the_penalty():
    fit, positive = planted(300, 4)
    dev, positive_dev = planted(100, 5)
    fold_N = np.arange(300) // 2 % 3
    liar = np.where(fold_N == 1, ~positive, positive)
    one_penalty = LinearSettings(max_features=8, sizes=(), penalties=(0.1,))
    honest = search(fit, positive, dev, positive_dev, one_penalty, fold_N)
    misled = search(fit, liar, dev, positive_dev, one_penalty, fold_N)
    assert misled.without[1].columns == honest.without[1].columns
    assert misled.without[1].rules == honest.without[1].rules
    assert misled.without[0].rules != honest.without[0].rules


def test_sums_and_ranking_over_two_layers_and_folds_are_those_of_the_dense_matrix():
    rng = np.random.default_rng(6)
    acts = rng.exponential(1.0, (90, 24)) * (rng.random((90, 24)) < 0.3)
    acts[:, 5] = 0
    acts[:2, 5] = 3.0  # two documents: too few to say anything
    class_N, fold_N = rng.integers(0, 3, 90), np.arange(90) % 3
    table, targets = table_of(acts, (2, 7)), Targets.of_many(class_N, 3)
    columns = np.array([1, 4, 13, 20])
    x = np.sqrt(acts.astype(np.float32).astype(float))[:, columns]
    for fold, moments in enumerate(moments_by_fold(table, columns, targets, fold_N)):
        own = fold_N == fold
        np.testing.assert_allclose(moments.xx_PP, x[own].T @ x[own])
        np.testing.assert_allclose(moments.xy_PC, x[own].T @ targets.y_NC[own])
    ranked = rank_columns(table, targets, fold_N, 100)
    for fold, order in enumerate(ranked):
        kept = fold_N != fold
        roots = np.sqrt(acts[kept])
        means = np.stack([roots[class_N[kept] == one].mean(axis=0) for one in range(3)])
        squares = np.stack([(roots[class_N[kept] == one] ** 2).mean(axis=0) for one in range(3)])
        ratio = means.var(axis=0) / (squares.mean(axis=0) - means.mean(axis=0) ** 2)
        alive = (acts[kept] > 0).sum(axis=0) >= 3
        np.testing.assert_array_equal(order, [at for at in np.argsort(-ratio) if alive[at]])
        assert 5 not in order


def test_a_sum_is_the_same_number_in_any_order_and_in_a_batch_of_any_size():
    rng = np.random.default_rng(7)
    weights = np.round(rng.normal(size=700), 4)
    acts = (rng.exponential(3.0, (257, 700)) * (rng.random((257, 700)) < 0.5)).astype(np.float32)
    order, zeros = rng.permutation(700), np.zeros(700, np.float32)
    rule = Rule(LINEAR, weights=tuple(weights.tolist()), bias=0.1234, transform="sqrt")
    shuffled = replace(rule, weights=tuple(weights[order].tolist()))
    together = rule.margins(acts, zeros)
    np.testing.assert_array_equal(together, shuffled.margins(acts[:, order], zeros))
    np.testing.assert_array_equal(
        together, [rule.margins(acts[row : row + 1], zeros)[0] for row in range(257)]
    )
    np.testing.assert_allclose(together, np.sqrt(acts.astype(float)) @ weights + 0.1234, atol=1e-4)
    added = rule.contributions(acts, zeros).sum(axis=1) + rule.bias
    np.testing.assert_allclose(added, together, rtol=0, atol=1e-9)


def test_rounded_weights_have_few_digits_and_know_how_many():
    weights, bias = rounded_weights(np.array([[0.123456789], [-0.00123456]]), np.array([1.23456789]))
    assert (weights[:, 0].tolist(), bias.tolist()) == ([0.12346, -0.00123], [1.23457])
    assert decimals_of(weights[:, 0].tolist()) == 5
    assert decimals_of([3.0, -120.0]) == 0


@pytest.mark.parametrize(
    ("margins", "expected"),
    [
        ([[3.0, 1.0, -2.0]], [[2.0, -2.0, -5.0]]),
        ([[1.0, 1.0, 0.0]], [[0.0, 0.0, -1.0]]),
        ([[0.7]], [[0.7]]),
    ],
)
def test_a_lead_is_the_distance_to_the_largest_other_label(margins, expected):
    np.testing.assert_array_equal(leads(np.array(margins)), expected)


def test_the_artifact_holds_the_decision_exactly(linear_toxicity, tmp_path):
    linear_toxicity.save(tmp_path / "linear.json")
    again = Classifier.load(tmp_path / "linear.json")
    assert again.to_json() == linear_toxicity.to_json()
    assert decision_from_json(json.loads(canonical(linear_toxicity.default.to_dict()))).rules == (
        linear_toxicity.default.rules
    )
    acts = np.random.default_rng(8).exponential(2.0, (40, len(again.default.features))).astype(np.float32)
    np.testing.assert_array_equal(again.default.margins(acts), linear_toxicity.default.margins(acts))


def test_the_fit_keeps_the_curve_and_what_it_chose(linear_toxicity):
    fit = linear_toxicity.fit
    assert fit["preset"] == "linear"
    curve = {point["features"]: point["dev_objective"] for point in fit["linear"]["curve"]}
    assert curve[len(linear_toxicity.default.features)] == fit["dev_objective"]
    assert {item.threshold for item in linear_toxicity.default.features} == {0.0}


@pytest.fixture(scope="module")
def engine(tiny_scope, linear_toxicity, linear_language):
    return Engine(tiny_scope, [linear_toxicity, linear_language])


@pytest.fixture(scope="module")
def linear_language(tiny_scope, languages):
    settings = FitSettings(preset="linear", unknown="und")
    return fit_classifier("language", tiny_scope, languages(90, 1), languages(45, 2), settings)


def test_verdicts_do_not_depend_on_batch_or_order_or_on_whether_places_are_asked_for(
    engine, insults, languages, float32_scores
):
    texts = [*insults(12, 5).texts, *languages(6, 5).texts, "", "😀"]
    together = engine.predict(texts)
    backwards = engine.predict(texts[::-1], max_tokens=32)[::-1]
    acts_NS = engine.reader.without_places().read(texts, max_tokens=64).acts_NS
    for name, plain in engine.answers(acts_NS, engine.forms(texts)).items():
        classifier = engine.classifiers[name]
        one, other = ([answer[name] for answer in answers] for answers in (together, backwards))
        for labels in ([verdict.label for verdict in other], plain.label_N):
            assert labels == [verdict.label for verdict in one]
        low_NC, high_NC = float32_scores(engine.scope, classifier, texts)
        for scores in (
            *([list(verdict.scores.values()) for verdict in verdicts] for verdicts in (one, other)),
            plain.scores_NC,
        ):
            assert ((low_NC <= scores) & (scores <= high_NC)).all()
        assert [places(verdict) for verdict in other] == [places(verdict) for verdict in one]


def places(verdict):
    """Where a verdict's evidence stands."""
    return {(item.layer, item.feature, item.start, item.end) for item in verdict.evidence}


def test_evidence_speaks_for_the_label_largest_first_and_names_whole_words(engine, insults):
    texts = insults(10, 6).texts
    for text, answer in zip(texts, engine.predict(texts), strict=True):
        shares = [item.contribution for item in answer["toxicity"].evidence]
        assert shares == sorted(shares, reverse=True)
        assert min(shares, default=1.0) > 0
        for item in answer["toxicity"].evidence:
            assert item.word.strip(",") in text.replace(",", "").split() or not item.word.strip().isalpha()


def test_many_linear_labels_are_told_apart_and_nothing_is_unknown(engine, languages):
    rows = languages(60, 3)
    found = [answer["language"].label for answer in engine.predict([*rows.texts, ""])]
    assert np.mean([one == label for one, label in zip(found, rows.labels, strict=False)]) > 0.9
    assert found[-1] == "und"


def test_auto_keeps_the_better_preset_for_many_labels_and_says_both_numbers(tiny_scope, languages):
    said = []
    fitted = fit_classifier(
        "language",
        tiny_scope,
        languages(90, 1),
        languages(45, 2),
        FitSettings(unknown="und"),
        say=said.append,
    )
    numbers = fitted.fit["presets_on_dev"]
    assert set(numbers) == {"linear", "log-odds"}
    better = "linear" if numbers["linear"] > numbers["log-odds"] else "log-odds"
    assert fitted.fit["preset"] == better
    assert any(f"{better} is kept" in line for line in said)


def test_a_text_without_any_of_the_features_is_not_flagged_even_where_the_label_is_frequent(
    tiny_scope, insults
):
    rows = insults(160, 1)
    mostly = rows.select([row for row in range(160) if row % 2 or row % 16 == 0])  # 8 toxic to 1 clean
    fitted = fit_classifier("toxicity", tiny_scope, mostly, mostly, FitSettings())
    nothing = fitted.default.margins(np.zeros((1, len(fitted.default.features)), np.float32))
    assert fitted.default.scores(nothing)[0, 0] < fitted.default.cut
    rule = Rule(LINEAR, weights=(1.0,), bias=0.5, transform="sqrt")
    assert above_nothing(0.2, rule) > 0.5 > above_nothing(0.2, replace(rule, bias=-1.0)) == 0.2


def test_rows_in_which_nothing_is_active_often_enough_are_refused():
    acts = np.zeros((30, 8))
    acts[0, 1] = acts[1, 1] = 1.0
    positive = np.arange(30) % 2 == 0
    with pytest.raises(InputError, match="no feature is active in 3 rows"):
        search(acts, positive, acts, positive, LinearSettings())


def test_a_preset_or_objective_for_two_labels_is_refused_for_many(tiny_scope, languages):
    from scopesift_classifiers.measuring.objective import Objective

    rows = languages(30, 1)
    for settings, words in (
        (FitSettings(preset="greedy"), "greedy is not for 3 labels"),
        (FitSettings(objective=Objective("f1")), "f1 is for two labels"),
        (FitSettings(positive="de"), "label to look for .* is for two labels, got 3"),
    ):
        with pytest.raises(UsageError, match=words):
            fit_classifier("language", tiny_scope, rows, rows, settings)


@pytest.mark.parametrize("transform", ["", "cube", None])
def test_an_unknown_transform_is_refused(transform):
    value = {"combine": "linear", "weights": [0.1], "bias": 0, "transform": transform}
    with pytest.raises(InputError, match="transform"):
        rule_from_json(value, 1)


def test_a_linear_rule_survives_json():
    rule = Rule(LINEAR, weights=(0.25, -1.5), bias=0.5, transform="sqrt")
    assert rule_from_json(json.loads(json.dumps(rule.to_dict())), 2) == rule


def test_the_rules_by_size_are_those_that_the_search_chooses_from():
    fit, positive = planted(600, 0)
    dev, positive_dev = planted(300, 1)
    settings = LinearSettings(max_features=8, sizes=(1, 3))
    folds = np.arange(len(positive)) // 2 % 3
    found = rules_by_size(table_of(fit), Targets.of_two(positive), settings, folds)
    assert {size: len(rule.columns) for size, rule in found.items()} == {1: 1, 3: 3, 8: 8}
    chosen = search(fit, positive, dev, positive_dev, settings).whole
    assert found[len(chosen.columns)].columns == chosen.columns
    assert found[len(chosen.columns)].rules == chosen.rules
