"""Transfer without labels: the cut moves, the ranking stays."""

import numpy as np
import pytest
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.measuring.unlabelled import UnlabelledText
from scopesift_classifiers.transfer.unlabelled import MOVED_CUT, move_cut, moved_decision
from scopesift_files.errors import InputError, UsageError


@pytest.fixture(scope="module")
def texts(insults):
    return UnlabelledText(insults(80, 7).texts, "few.jsonl")


@pytest.fixture(scope="module")
def moved(linear_toxicity, tiny_scope, texts):
    return move_cut(linear_toxicity, tiny_scope, texts, "de", positive_share=0.25)


def test_the_stated_share_of_the_texts_is_flagged(moved):
    assert moved.flagged == pytest.approx(0.25, abs=0.02)
    assert moved.flagged_before == pytest.approx(0.5, abs=0.1)
    assert moved.moved_by > 0


def test_only_the_cut_and_the_calibration_change(moved, linear_toxicity):
    new, old = moved.classifier.by_lang["de"], linear_toxicity.default
    assert moved.classifier.default.to_dict() == old.to_dict()
    assert new.features == old.features
    assert new.rules == old.rules
    assert new.cut == pytest.approx(old.cut, abs=0.01)


def test_the_share_of_the_fit_is_used_if_none_is_stated(linear_toxicity, tiny_scope, texts):
    found = move_cut(linear_toxicity, tiny_scope, texts, "de")
    assert found.positive_share == 0.5
    assert found.classifier.fit["by_lang"]["de"]["share_of"] == "fit"


def test_the_artifact_says_that_it_was_made_without_labels(moved, texts, tmp_path):
    path = tmp_path / "toxicity.de.json"
    moved.classifier.save(path)
    told = Classifier.load(path).fit["by_lang"]["de"]
    assert (told["chosen"], told["unlabelled"]["rows"], told["share_of"]) == (MOVED_CUT, 80, "stated")
    assert told["unlabelled"]["sha256"] == texts.fingerprint()


def test_a_share_that_no_cut_reaches_is_refused(linear_toxicity):
    margins_N = np.concatenate([np.full(30, 1.0), np.linspace(-1, 0, 20)])
    with pytest.raises(InputError, match=r"share of 0\.2 .* 0\.600 is the nearest"):
        moved_decision(linear_toxicity.default, margins_N, 0.2, "de")


def test_few_texts_impossible_shares_and_many_labels_are_refused(
    linear_toxicity, language, tiny_scope, texts
):
    with pytest.raises(InputError, match="at least 20 different texts, got 3"):
        move_cut(linear_toxicity, tiny_scope, UnlabelledText(texts.texts[:3], "few.jsonl"), "de")
    with pytest.raises(UsageError, match="above 0 and below 1"):
        move_cut(linear_toxicity, tiny_scope, texts, "de", positive_share=1.0)
    with pytest.raises(UsageError, match="two labels"):
        move_cut(language, tiny_scope, texts, "de")


def test_a_decision_that_already_moved_moves_on_from_there(moved, tiny_scope, texts):
    again = move_cut(moved.classifier, tiny_scope, texts, "de", positive_share=0.25)
    assert again.rule == "de"
    assert again.moved_by == pytest.approx(0, abs=1e-6)


def test_a_share_that_few_texts_would_decide_is_refused(linear_toxicity, tiny_scope, texts):
    with pytest.raises(InputError, match="fewer than 5 of them; give at least 500 texts"):
        move_cut(linear_toxicity, tiny_scope, texts, "de", positive_share=0.01)
