import json

import pytest
from scopesift_classifiers.editing.comparison import compare_versions
from scopesift_classifiers.editing.muting import without_feature
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_files.errors import InputError


def strongest(classifier):
    weights = classifier.default.rules["toxic"].weights
    return classifier.default.feature_ids[max(range(len(weights)), key=weights.__getitem__)]


def test_old_and_new_verdicts_are_those_of_engines_with_the_old_and_the_new_version(
    tiny_scope, linear_toxicity, insults
):
    rows = insults(40, 9)
    made = without_feature(linear_toxicity, strongest(linear_toxicity))
    told = []
    found = compare_versions(
        (linear_toxicity, made), tiny_scope, rows, on_progress=lambda done, of: told.append((done, of))
    )
    labels = [
        [one["toxicity"].label for one in Engine(tiny_scope, [version]).predict(rows.texts)]
        for version in (linear_toxicity, made)
    ]
    places = [at for at, (old, new) in enumerate(zip(*labels, strict=True)) if old != new]
    assert (found["examples"], found["changed"]) == (40, len(places))
    assert [one["example"] for one in found["verdicts"]] == places
    for side, own in zip(("old", "new"), labels, strict=True):
        right = sum(one == label for one, label in zip(own, rows.labels, strict=True))
        assert found[side]["accuracy"] == pytest.approx(right / 40, abs=1e-4)
    assert told[-1] == (80, 80)


def test_the_same_version_changes_no_verdict_and_no_text_is_in_the_result(
    tiny_scope, linear_toxicity, insults
):
    rows = insults(20, 9)
    found = compare_versions((linear_toxicity, linear_toxicity), tiny_scope, rows)
    assert found["changed"] == 0
    assert found["old"] == found["new"]
    assert not any(text in json.dumps(found) for text in rows.texts)


def test_a_label_that_the_classifier_does_not_know_is_an_error(tiny_scope, linear_toxicity):
    rows = LabelledText(["a"], ["rude"], [None], [None])
    with pytest.raises(InputError, match="rude"):
        compare_versions((linear_toxicity, linear_toxicity), tiny_scope, rows)
