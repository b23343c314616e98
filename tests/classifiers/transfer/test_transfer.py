import random
from dataclasses import replace

import numpy as np
import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.rule import Rule
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.fitting.fit import read_table
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.cuts import FALSE_POSITIVE_RATE, Requirement
from scopesift_classifiers.measuring.metrics import BinaryMetrics
from scopesift_classifiers.rule_search.found_rules import FoundRules
from scopesift_classifiers.rule_search.greedy import GreedySettings
from scopesift_classifiers.transfer.strategies import (
    PREFERRED,
    candidate_columns,
    margin_at_cut,
    rule_over,
    strategies,
)
from scopesift_classifiers.transfer.strategy import Strategy
from scopesift_classifiers.transfer.transfer import (
    TransferSettings,
    choose,
    positives,
    transfer,
    trial_decision,
    try_all,
)
from scopesift_classifiers.transfer.trial import StrategyTrial, example_folds, standard_error, try_strategy
from scopesift_files.errors import InputError

NAMES = [
    "zero_shot",
    "recut",
    "thresholds",
    "reranked",
    "reranked_log_odds",
    "refitted",
    "refitted_log_odds",
    "refitted_linear",
]
QUICK = TransferSettings(folds=3, greedy=GreedySettings(candidates=40, at_least=(1,)))


def german(n, seed):
    """German sentences; half of them hold an insult that no English rule knows."""
    rng = random.Random(seed)
    words = ["Das", "Wetter", "ist", "heute", "schön", "wir", "gehen", "spazieren"]
    texts = []
    for row in range(n):
        own = [rng.choice(words) for _ in range(6)]
        if row % 2:
            own.insert(rng.randrange(7), "Сегодня 今日は")
        texts.append(" ".join(own))
    return LabelledText(texts, ["toxic" if row % 2 else "clean" for row in range(n)], ["de"] * n, [None] * n)


@pytest.fixture(scope="module")
def few():
    return german(40, 1)


@pytest.fixture(scope="module")
def table(tiny_scope, few):
    return read_table(tiny_scope, few.texts)


@pytest.fixture(scope="module")
def done(tiny_scope, toxicity, few):
    return transfer(toxicity, tiny_scope, few, "de", settings=QUICK)


def test_the_language_is_added_and_the_default_stays(done, toxicity):
    assert set(done.classifier.by_lang) == {"de"}
    assert done.classifier.default.to_dict() == toxicity.default.to_dict()
    assert done.classifier.version != toxicity.version


def test_two_transfers_of_the_same_rows_give_the_same_bytes(tiny_scope, toxicity, few, done):
    again = transfer(toxicity, tiny_scope, few, "de", settings=QUICK)
    assert again.classifier.to_json() == done.classifier.to_json()


def test_every_strategy_is_shown_and_the_best_is_chosen(done):
    assert [row["name"] for row in done.strategies] == NAMES
    best = max(row["macro_f1"] for row in done.strategies)
    chosen = next(row for row in done.strategies if row["name"] == done.chosen)
    assert chosen["macro_f1"] == best
    assert all(0 <= row["spread"] < 0.5 for row in done.strategies)
    assert done.classifier.fit["by_lang"]["de"]["strategies"] == done.strategies


def test_new_texts_of_the_language_are_judged_better_than_by_the_english_rule(
    tiny_scope, toxicity, language, done
):
    rows = german(60, 9)
    truth = np.array([label == "toxic" for label in rows.labels])

    def right(classifier):
        answers = Engine(tiny_scope, [classifier, language]).predict(rows.texts)
        return np.mean([answer["toxicity"].flagged for answer in answers] == truth)

    assert right(done.classifier) > right(toxicity) + 0.2


def test_the_rule_in_use_is_measured_on_the_same_examples(tiny_scope, toxicity, done, few):
    zero_shot = next(row for row in done.strategies if row["name"] == "zero_shot")
    shown = {key: done.replaced[key] for key in ("macro_f1", "balanced_accuracy", "features")}
    assert done.replaced["rule"] == "default"
    assert shown == {key: zero_shot[key] for key in shown}
    assert done.warning is None
    other = transfer(done.classifier, tiny_scope, german(40, 5), "de", settings=QUICK)
    assert (other.replaced["rule"], other.replaced["fitted_on_these"]) == ("de", False)
    assert other.replaced["macro_f1"] > done.replaced["macro_f1"]


def test_a_rule_that_was_made_from_the_same_examples_is_said_to_be(tiny_scope, done, few):
    again = transfer(done.classifier, tiny_scope, few, "de", settings=QUICK)
    assert again.replaced["fitted_on_these"] is True
    assert again.warning is None
    assert again.classifier.version == done.classifier.version


def test_a_new_rule_that_replaces_a_better_one_says_so(done):
    new = next(row for row in done.strategies if row["name"] == done.chosen)
    better = {**done.replaced, "rule": "de", "macro_f1": new["macro_f1"] + 0.01, "fitted_on_these": False}
    assert "(de) does better on these examples" in replace(done, replaced=better).warning
    assert replace(done, replaced={**better, "macro_f1": new["macro_f1"]}).warning is None


def test_a_replaced_rule_below_the_layer_budget_is_not_measured(tiny_scope, toxicity, few):
    shallow = replace(QUICK, max_layer=0)
    found = transfer(toxicity, tiny_scope, few, "de", settings=shallow)
    assert max(item.layer for item in toxicity.default.features) > 0
    assert found.replaced is None
    assert found.warning is None


PART = {"n": 100, "macro_f1": 0.7}


def test_quality_measured_on_the_replaced_rule_makes_place_for_the_new_ones(tiny_scope, toxicity, few):
    quality = {
        "test": {**PART, "by_lang": {"en": PART}},
        "own rule de": {**PART, "by_lang": {"de": PART}},
        "mixed": {**PART, "macro_f1": 0.9, "by_lang": {"de": PART, "fr": {"n": 7}, "unknown": PART}},
        "nameless": {**PART, "by_lang": {}},
    }
    done = transfer(replace(toxicity, quality=quality), tiny_scope, few, "de", settings=QUICK)
    shown = done.classifier.quality
    assert set(shown) == {"test", "mixed, fr", "nameless", "cross-validated de"}
    assert shown["test"] == quality["test"]
    assert shown["mixed, fr"] == {"n": 7}
    assert "before the rule for de" in shown["nameless"]["note"]
    new = next(row for row in done.strategies if row["name"] == done.chosen)
    assert round(shown["cross-validated de"]["macro_f1"], 4) == new["macro_f1"]
    assert list(shown["cross-validated de"]["by_lang"]) == ["de"]
    assert shown["cross-validated de"]["n"] == len(few)


def test_a_second_transfer_replaces_the_numbers_of_the_first(tiny_scope, done):
    other = transfer(done.classifier, tiny_scope, german(40, 5), "de", settings=QUICK)
    new = next(row for row in other.strategies if row["name"] == other.chosen)
    assert list(other.classifier.quality) == ["cross-validated de"]
    assert round(other.classifier.quality["cross-validated de"]["macro_f1"], 4) == new["macro_f1"]


def test_the_artifact_survives_being_written_and_read(done, tmp_path):
    done.classifier.save(tmp_path / "a.json")
    assert Classifier.load(tmp_path / "a.json").to_json() == done.classifier.to_json()


def test_other_languages_of_the_artifact_are_kept(tiny_scope, done, few):
    both = transfer(done.classifier, tiny_scope, few, "es", settings=QUICK).classifier
    assert set(both.by_lang) == set(both.fit["by_lang"]) == {"de", "es"}


def test_the_layer_budget_is_kept(tiny_scope, toxicity, few):
    settings = replace(QUICK, max_layer=0)
    found = transfer(toxicity, tiny_scope, few, "de", settings=settings)
    assert {item.layer for item in found.classifier.by_lang["de"].features} == {0}


def test_the_score_reaches_the_cut_exactly_where_the_rule_fires(toxicity, table, few):
    for trial in try_all(toxicity, table, few, QUICK):
        rule = trial.rule
        decision = trial_decision(toxicity, table, few, trial)
        columns = columns_of(table, decision.feature_ids)
        scores = decision.scores(decision.margins(table.dense(columns)))[:, 0]
        assert ((scores >= decision.cut) == rule.fires(table)).all()


def test_zero_shot_is_the_default_rule_even_at_a_moved_cut(toxicity, table):
    for cut in (toxicity.default.cut, 0.2, 0.8):
        decision = replace(toxicity.default, cut=cut)
        rule = rule_over(table, decision)
        scores = decision.scores(decision.margins(table.dense(rule.columns)))[:, 0]
        assert (rule.fires(table) == (scores >= cut)).all()


def test_a_cut_of_margin_one_is_found_exactly(toxicity):
    assert margin_at_cut(toxicity.default) == 1.0


def test_candidates_come_from_the_artifact_or_else_are_its_own_features(toxicity, table):
    plain = replace(toxicity, fit={})
    assert candidate_columns(plain, table) == columns_of(table, toxicity.default.feature_ids)
    listed = replace(toxicity, fit={"candidates": [[1, 5], [0, 7], [1, 5], [99, 0]]})
    assert candidate_columns(listed, table) == [table.d_sae + 5, 7]


def test_reranked_rules_read_candidates_only(toxicity, table, few):
    listed = replace(
        toxicity, fit={"candidates": [[layer, index] for layer in (0, 2) for index in range(60)]}
    )
    allowed = set(candidate_columns(listed, table))
    of_candidates = [one for one in strategies(listed, table, QUICK.greedy) if "reranked" in one.name]
    assert len(of_candidates) == 2
    for strategy in of_candidates:
        for rules in strategy.fit(table, positives(listed, few), np.arange(len(few)) % 3).values():
            assert all(set(rule.columns) <= allowed for rule in rules)


def trial(name, macro_f1, spread=0.1):
    rule = FoundRules((0,), (0.0,), (Rule(),), 1.0)
    strategy = Strategy(name, "", lambda table, positive_N, fold_N: {})
    return StrategyTrial(strategy, np.zeros(2), np.zeros(2, bool), rule, macro_f1, 0.5, spread)


def test_the_simpler_strategy_wins_a_tie():
    assert choose([trial("a", 0.6), trial("b", 0.6), trial("c", 0.5)]).strategy.name == "a"
    assert choose([trial("a", 0.6), trial("b", 0.61)]).strategy.name == "b"


def test_the_preferred_strategy_is_left_only_for_one_that_is_better_by_more_than_chance():
    def chosen(other):
        return choose([trial("a", other), trial(PREFERRED, 0.6, spread=0.02)]).strategy.name

    assert chosen(0.619) == PREFERRED
    assert chosen(0.63) == "a"


def test_choosing_among_many_random_variants_does_not_look_better_than_chance(table):
    rng = np.random.default_rng(0)
    truth = np.arange(len(table.acts_NF.indptr) - 1) % 2 == 1
    many = [rng.random((2, len(truth))) < 0.5 for _ in range(200)]
    rows = {table.acts_NF[row].data.tobytes(): row for row in range(len(truth))}

    class Guess(FoundRules):
        def margins(self, part):
            own = [rows[part.acts_NF[row].data.tobytes()] for row in range(part.acts_NF.shape[0])]
            return many[self.columns[0]][0][own].astype(float)[:, None]

    guesses = [Guess((at,), (0.0,), (Rule(),), 1.0) for at in range(len(many))]
    strategy = Strategy("guess", "", lambda part, positive, fold_N: dict.fromkeys(range(-1, 5), guesses))
    tried = try_strategy(strategy, table, german(40, 1), truth, 5)
    best = max(BinaryMetrics.of(truth, guess[0]).macro_f1 for guess in many)
    assert best > 0.68
    assert tried.macro_f1 < best - 0.1


def test_few_examples_have_as_many_folds_as_the_rarest_label_has_texts():
    rows = LabelledText(["a", "b", "c", "d", "e", "f", "g"], ["x"] * 4 + ["y"] * 3, [None] * 7, [None] * 7)
    folds = example_folds(rows, 5)
    assert len(set(folds)) == 3


def test_more_examples_have_a_smaller_standard_error():
    small, large = BinaryMetrics(15, 5, 5, 15), BinaryMetrics(1500, 500, 500, 1500)
    assert standard_error(large) < standard_error(small) / 5
    assert standard_error(small) == standard_error(small)


def test_a_few_examples_that_are_all_right_do_not_look_certain():
    perfect = standard_error(BinaryMetrics(8, 0, 0, 8))
    assert 0.02 < perfect < 0.15
    assert standard_error(BinaryMetrics(800, 0, 0, 800)) < perfect / 5


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (["a", "b", "c"], ["clean"] * 3, "at least two labels"),
        (["a", "b", "c", "d"], ["clean"] * 3 + ["toxic"], "at least 3 different texts labelled 'toxic'"),
        (["a", "a", "a", "b", "c", "d"], ["clean"] * 3 + ["toxic"] * 3, "different texts labelled 'clean'"),
        (["a", "b"], ["clean", "rude"], "expected a label out of"),
    ],
)
def test_examples_that_nothing_can_be_learned_from_are_refused(tiny_scope, toxicity, texts, labels, message):
    rows = LabelledText(texts, labels, [None] * len(texts), [None] * len(texts))
    with pytest.raises(InputError, match=message):
        transfer(toxicity, tiny_scope, rows, "de")


def test_a_required_rate_moves_the_cut_by_held_out_margins_and_is_stored(toxicity, tiny_scope):
    few = german(130, 4)
    settings = replace(QUICK, required=Requirement(FALSE_POSITIVE_RATE, 0.05))
    done = transfer(toxicity, tiny_scope, few, "de", settings=settings)
    plain = transfer(toxicity, tiny_scope, few, "de", settings=QUICK)
    assert plain.cut is None
    assert done.cut["asked"] == {"false_positive_rate": 0.05}
    assert done.cut["false_positive_rate"] <= 0.05
    assert done.classifier.fit["by_lang"]["de"]["cut"] == done.cut
    assert done.classifier.by_lang["de"].rules == plain.classifier.by_lang["de"].rules
    measured = done.classifier.quality["cross-validated de"]
    for rate in ("precision", "recall", "false_positive_rate"):
        assert measured[rate] == pytest.approx(done.cut[rate], abs=1e-6)


def test_examples_that_cannot_show_the_required_rate_are_refused(toxicity, tiny_scope):
    settings = replace(QUICK, required=Requirement(FALSE_POSITIVE_RATE, 0.01))
    with pytest.raises(InputError, match="on 20 negative documents: it takes at least 299"):
        transfer(toxicity, tiny_scope, german(40, 4), "de", settings=settings)
