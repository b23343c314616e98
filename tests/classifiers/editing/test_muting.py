"""A muted feature no longer counts, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.editing.muting import without_feature
from scopesift_files.errors import UsageError


@pytest.fixture(scope="module", params=["toxicity", "domain", "language"])
def classifier(request):
    """Rules of thresholds, log-odds, and rules of languages."""
    return Classifier.load(request.param, "nano")


@pytest.fixture(scope="module", params=["domain", "language"])
def many(request):
    return Classifier.load(request.param, "e5")


def activations(decision, seed=0):
    rng = np.random.default_rng(seed)
    acts = rng.gamma(1.0, 20.0, (60, len(decision.features))).astype(np.float32)
    return acts * (rng.random(acts.shape) < 0.4)


def margins_as_if_silent(decision, column, acts_NS):
    silent = acts_NS.copy()
    silent[:, column] = 0
    return decision.margins(silent)


@pytest.mark.parametrize("at", [0, 3])
def test_margins_are_those_of_a_feature_that_never_fires(classifier, at):
    for rule, decision in classifier.decisions.items():
        if len(decision.features) <= at + 1:
            continue
        place = decision.feature_ids[at]
        made = without_feature(classifier, place).decision(rule)
        acts_NS = activations(decision)
        assert place not in made.feature_ids
        assert np.array_equal(
            made.margins(np.delete(acts_NS, at, axis=1)), margins_as_if_silent(decision, at, acts_NS)
        )


def test_margins_of_weighted_sums_over_many_labels_are_too(many):
    place = many.default.feature_ids[7]
    acts_NS = activations(many.default) / 20
    made = without_feature(many, place).default
    assert np.array_equal(
        made.margins(np.delete(acts_NS, 7, axis=1)), margins_as_if_silent(many.default, 7, acts_NS)
    )


def test_calibration_cuts_and_the_other_features_stay_as_they_were(classifier):
    place = classifier.default.feature_ids[1]
    made = without_feature(classifier, place)
    assert made.default.calibration == classifier.default.calibration
    assert (made.default.cut, made.default.label_cuts) == (
        classifier.default.cut,
        classifier.default.label_cuts,
    )
    assert made.default.features == tuple(
        item for item in classifier.default.features if (item.layer, item.index) != place
    )
    untouched = [lang for lang, one in classifier.by_lang.items() if place not in one.feature_ids]
    assert all(made.by_lang[lang] is classifier.by_lang[lang] for lang in untouched)


def test_the_artifact_says_what_was_muted_and_survives_its_file(classifier, tmp_path):
    first, second = classifier.default.feature_ids[:2]
    made = without_feature(without_feature(classifier, first), second)
    made.save(tmp_path / "made.json")
    loaded = Classifier.load(tmp_path / "made.json")
    assert loaded.version == made.version != classifier.version
    muted = [(item["layer"], item["index"]) for item in loaded.fit["muted"]]
    assert muted == [first, second]
    assert all("default" in item["rules"] for item in loaded.fit["muted"])


def test_the_order_in_which_features_are_muted_does_not_matter(classifier):
    one, other = classifier.default.feature_ids[:2]
    there = without_feature(without_feature(classifier, one), other)
    assert there.version == without_feature(without_feature(classifier, other), one).version


def test_measured_quality_of_a_changed_rule_is_gone_and_that_of_others_stays():
    toxicity = Classifier.load("toxicity", "e5")
    korean = next(
        place for place in toxicity.by_lang["ko"].feature_ids if place not in toxicity.default.feature_ids
    )
    changed = {rule for rule, one in toxicity.decisions.items() if korean in one.feature_ids}
    quality = without_feature(toxicity, korean).quality
    assert {f"own rule {lang}" for lang in changed} & set(quality) == set()
    kept = {f"own rule {lang}" for lang in toxicity.by_lang if lang not in changed} & set(toxicity.quality)
    assert kept <= set(quality)
    both = next(
        place for place in toxicity.default.feature_ids if place in toxicity.by_lang["en"].feature_ids
    )
    assert "test" not in without_feature(toxicity, both).quality


def test_the_counts_of_the_fit_for_drift_are_those_of_the_features_that_are_left():
    domain = Classifier.load("domain", "e5")
    made = without_feature(domain, domain.default.feature_ids[5])
    for label, counts in domain.fit["firing"]["fired"].items():
        assert made.fit["firing"]["fired"][label] == counts[:5] + counts[6:]
    assert len(made.fit["firing"]["fired"]["law"]) == len(made.default.features)


def test_the_last_feature_of_a_rule_and_one_that_a_rule_needs_are_not_muted(classifier):
    alone = replace(
        classifier.default,
        features=classifier.default.features[:1],
        rules={
            label: replace(rule, weights=rule.weights[:1]) for label, rule in classifier.default.rules.items()
        },
    )
    place = alone.feature_ids[0]
    with pytest.raises(UsageError, match="is the last feature of the rule 'default'"):
        without_feature(replace(classifier, default=alone, by_lang={}), place)
    toxicity = Classifier.load("toxicity", "nano")
    (rule,) = toxicity.default.rules.values()
    all_needed = replace(toxicity.default, rules={"toxic": replace(rule, m=len(toxicity.default.features))})
    with pytest.raises(UsageError, match=r"needs 6 features that fire and would have 5"):
        without_feature(replace(toxicity, default=all_needed), toxicity.default.feature_ids[0])


def test_a_feature_that_no_rule_reads_cannot_be_muted(classifier):
    with pytest.raises(UsageError, match="reads no feature 99:1"):
        without_feature(classifier, (99, 1))
