"""Drift: zero for the same rates, within chance for the same source, and honest about what a new mix explains."""

import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import jensenshannon
from scopesift_classifiers.artifact.calibration import Calibration
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import Rule, RuleFeature
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.measuring.drift import (
    count_firing,
    divergence,
    estimate_mix,
    firing_at_fit,
    measure_drift,
)
from scopesift_files.errors import InputError

FEATURES = tuple(RuleFeature(1, index, 1.0, f"feature {index}") for index in range(6))
RATES = {
    "clean": np.array([0.02, 0.05, 0.3, 0.1, 0.01, 0.5]),
    "toxic": np.array([0.6, 0.4, 0.3, 0.1, 0.2, 0.5]),
}


def draw(n, toxic, seed, rates=RATES):
    """Documents of which the share `toxic` fires at the toxic rates."""
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random(n) < toxic, "toxic", "clean")
    fires_NS = rng.random((n, 6)) < np.stack([rates[label] for label in labels])
    return fires_NS, labels.tolist()


@pytest.fixture(scope="module")
def reference():
    return count_firing(*draw(4000, 0.5, 1))


def test_divergence_equals_scipys():
    for p, q in ((0.1, 0.4), (0.0, 1.0), (0.3, 0.3), (0.0, 0.2)):
        expected = jensenshannon([p, 1 - p], [q, 1 - q], base=2) ** 2
        assert divergence(np.array([p]), np.array([q]))[0] == pytest.approx(expected, abs=1e-12)


def test_texts_of_the_same_source_stay_within_chance_nineteen_times_in_twenty(reference):
    within = [measure_drift(reference, FEATURES, draw(300, 0.5, seed)[0]) for seed in range(100, 140)]
    assert sum(drift.divergence <= drift.chance for drift in within) >= 34
    assert sum(drift.level == "none" for drift in within) >= 36


def test_a_new_mix_of_classes_is_drift_that_the_mix_explains(reference):
    drift = measure_drift(reference, FEATURES, draw(2000, 0.05, 2)[0])
    assert drift.divergence > 5 * drift.chance
    assert drift.mix_now["toxic"] == pytest.approx(0.05, abs=0.03)
    assert drift.mix_at_fit["toxic"] == pytest.approx(0.5, abs=0.03)
    assert drift.unexplained < drift.divergence / 5


def test_known_labels_are_the_mix_whatever_the_features_say(reference):
    moved = {name: rates.copy() for name, rates in RATES.items()}
    moved["toxic"][:3] = RATES["clean"][:3]  # a toxicity that the fit has not seen looks clean
    fires_NS, labels = draw(120, 0.5, 3, moved)
    guessed, known = (measure_drift(reference, FEATURES, fires_NS, given) for given in (None, labels))
    share = labels.count("toxic") / 120
    assert (
        estimate_mix(np.stack([RATES[name] for name in ("clean", "toxic")]), fires_NS.mean(axis=0), 120)[1]
        < 0.3
    )
    assert known.mix_now == {"clean": pytest.approx(1 - share), "toxic": pytest.approx(share)}
    assert (known.mix_from, guessed.mix_from) == ("labels", "features")
    assert known.level in ("clear", "strong")


def test_a_mix_is_not_estimated_from_features_that_moved_for_other_reasons(reference):
    moved = {name: np.array([0.3, 0.02, 0.7, 0.4, 0.2, 0.1]) for name in RATES}
    drift = measure_drift(reference, FEATURES, draw(400, 0.5, 3, moved)[0])
    assert drift.level in ("clear", "strong")
    assert drift.mix_now is None


def test_labels_that_the_fit_did_not_have_leave_the_estimate(reference):
    fires_NS, _ = draw(400, 0.05, 2)
    drift = measure_drift(reference, FEATURES, fires_NS, ["other"] * 400)
    assert drift.mix_from == "features"
    assert drift.mix_now["toxic"] == pytest.approx(0.05, abs=0.05)


def test_a_few_texts_that_barely_leave_chance_behind_are_a_slight_drift_at_most(reference):
    levels = [measure_drift(reference, FEATURES, draw(8, 0.5, seed)[0]).level for seed in range(200, 240)]
    assert levels.count("none") >= 30
    assert "strong" not in levels


def test_features_that_fire_otherwise_inside_the_classes_are_not_explained_by_a_mix(reference):
    moved = {name: rates.copy() for name, rates in RATES.items()}
    moved["clean"][3] = moved["toxic"][3] = 0.9
    drift = measure_drift(reference, FEATURES, draw(2000, 0.5, 3, moved)[0])
    assert drift.level in ("clear", "strong")
    assert [item.feature for item in drift.moved] == [3]
    assert drift.moved[0].now == pytest.approx(0.9, abs=0.05)
    assert drift.moved[0].fit == pytest.approx(0.1, abs=0.05)


def test_the_same_documents_have_no_drift():
    fires_NS, labels = draw(500, 0.3, 4)
    drift = measure_drift(count_firing(fires_NS, labels), FEATURES, fires_NS)
    assert drift.divergence == pytest.approx(0, abs=1e-9)
    assert drift.level == "none"
    assert drift.moved == ()


def test_chance_shrinks_with_the_number_of_texts(reference):
    small, large = (measure_drift(reference, FEATURES, draw(n, 0.5, 5)[0]).chance for n in (100, 10_000))
    assert small > 10 * large


def test_the_mix_of_three_classes_is_found():
    rates_CS = np.array([[0.9, 0.1, 0.1, 0.2], [0.1, 0.8, 0.1, 0.2], [0.1, 0.1, 0.7, 0.2]])
    mix = np.array([0.6, 0.1, 0.3])
    assert estimate_mix(rates_CS, mix @ rates_CS, 1000) == pytest.approx(mix, abs=1e-6)


def test_drift_is_deterministic_json(reference):
    fires_NS, _ = draw(200, 0.4, 6)
    first, second = (measure_drift(reference, FEATURES, fires_NS).to_dict() for _ in range(2))
    assert json.dumps(first, allow_nan=False) == json.dumps(second)


def test_the_fits_counts_come_from_its_table_at_the_rules_thresholds():
    acts_NF = csr_matrix(np.array([[0, 2.0, 0, 0.5], [1.0, 0, 0, 3.0], [0, 0.9, 0, 1.0]], dtype=np.float32))
    table = FeatureTable(acts_NF, layers=(1, 4), d_sae=2)
    features = (RuleFeature(4, 1, 1.0), RuleFeature(1, 1, 0.0))
    decision = Decision(features, {"b": Rule()}, Calibration((0.0,), (0.5,), 0.5, 0.5), 0.5)
    assert firing_at_fit(table, decision, ["b", "a", "b"]) == {
        "documents": {"a": 1, "b": 2},
        "fired": {"a": [1, 0], "b": [1, 2]},
    }


def test_a_reference_of_other_features_is_refused(reference):
    with pytest.raises(InputError, match="fit the classifier again"):
        measure_drift(reference, FEATURES[:2], np.zeros((3, 2), bool))
    with pytest.raises(InputError, match="fit the classifier again"):
        measure_drift({}, FEATURES, np.zeros((3, 6), bool))
    with pytest.raises(InputError, match="got none"):
        measure_drift(reference, FEATURES, np.zeros((0, 6), bool))


def test_a_fitted_classifier_holds_its_firing_counts(toxicity):
    firing = toxicity.fit["firing"]
    assert firing["documents"] == {"clean": 80, "toxic": 80}
    assert [len(counts) for counts in firing["fired"].values()] == [len(toxicity.default.features)] * 2
    assert max(firing["fired"]["toxic"]) > 20
