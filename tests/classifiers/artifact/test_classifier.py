import json
from dataclasses import replace

import pytest
from scopesift_classifiers.artifact.calibration import Calibration
from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.artifact.decision import Decision, decision_from_json
from scopesift_classifiers.artifact.rule import Rule, RuleFeature
from scopesift_files.errors import InputError, ScopeError, UsageError

CALIBRATION = Calibration((0.0, 1.0, 2.0), (0.1, 0.5, 0.9), 0.5, 0.5)


@pytest.fixture
def classifier(tiny_scope):
    features = (RuleFeature(1, 5, 1.25, "idiot"), RuleFeature(2, 17, 0.0, "you"))
    decision = Decision(features, {"toxic": Rule(m=1)}, CALIBRATION, 0.5)
    return Classifier("toxicity", BINARY, "clean", tiny_scope.fingerprint, tiny_scope.settings, decision)


def test_an_artifact_comes_back_as_it_was_written(classifier, tmp_path):
    classifier.save(tmp_path / "c.json")
    loaded = Classifier.load(tmp_path / "c.json")
    assert loaded.to_json() == classifier.to_json()
    assert loaded.version == classifier.version
    assert loaded.features == [(1, 5), (2, 17)]
    assert loaded.deepest_layer == 2


def test_measured_quality_does_not_change_the_version_and_a_threshold_does(classifier):
    assert classifier.with_quality("test", {"f1": 0.9}).version == classifier.version
    other = (replace(classifier.default.features[0], threshold=1.5), classifier.default.features[1])
    changed = replace(classifier, default=Decision(other, classifier.default.rules, CALIBRATION, 0.5))
    assert changed.version != classifier.version


def test_renaming_a_feature_by_hand_is_allowed_and_keeps_the_version(classifier, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(classifier.to_json().replace('"idiot"', '"insults"'), encoding="utf-8")
    loaded = Classifier.load(path)
    assert loaded.default.features[0].label == "insults"
    assert loaded.version == classifier.version


def test_a_changed_threshold_is_noticed(classifier, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(classifier.to_json().replace("1.25", "0.25"), encoding="utf-8")
    with pytest.raises(InputError, match="changed after it was written"):
        Classifier.load(path)


def test_a_newer_schema_says_update(classifier):
    content = json.loads(classifier.to_json()) | {"schema": 99}
    with pytest.raises(InputError, match=r"schema 99.*update"):
        Classifier.from_dict(content, origin="c.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", '{"schema": 1}'])
def test_what_is_not_an_artifact_is_refused_with_its_place(text, tmp_path):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"broken\.json"):
        Classifier.load(path)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(UsageError, match="no classifier 'toxxicity'"):
        Classifier.load("toxxicity")


def test_another_scope_is_refused(classifier, tiny_scope):
    classifier.check_scope(tiny_scope)
    other = replace(classifier, scope={**classifier.scope, "sha256": "0" * 64})
    with pytest.raises(ScopeError, match="was fitted on scope"):
        other.check_scope(tiny_scope)


def test_other_reading_settings_are_refused(classifier, tiny_scope):
    other = replace(classifier, settings=replace(classifier.settings, window_tokens=32, overlap_tokens=4))
    with pytest.raises(ScopeError, match="fitted with"):
        other.check_scope(tiny_scope)


def test_saving_leaves_no_half_file_behind(classifier, tmp_path):
    with pytest.raises(ScopeError, match="cannot write"):
        classifier.save(tmp_path / "file" / "c.json" if (tmp_path / "file").write_text("x") else tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_cuts_of_labels_come_back_and_need_every_label_and_the_lowest_as_the_cut(language):
    decision = language.default
    cuts = {label: 0.5 + place / 10 for place, label in enumerate(decision.rules)}
    own = replace(decision, cut=0.5, label_cuts=cuts)
    assert decision_from_json(own.to_dict()).label_cuts == cuts
    assert "label_cuts" not in own.with_cut(0.5).to_dict()
    for broken in ({**own.to_dict(), "cut": 0.4}, {**own.to_dict(), "label_cuts": {"de": 0.5}}):
        with pytest.raises(InputError, match="a cut for each label and the lowest of them as cut"):
            decision_from_json(broken)
