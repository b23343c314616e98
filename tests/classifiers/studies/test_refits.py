"""The task fitted again on growing numbers of labels and features."""

import pytest
from scopesift_classifiers.studies.refits import refit_curves
from scopesift_files.errors import InputError


@pytest.fixture(scope="module")
def curves(toxicity, tiny_scope, insults):
    return refit_curves(toxicity, tiny_scope, insults(120, 1), insults(60, 2), shares=(0.25, 0.5, 1), draws=2)


def test_every_share_has_its_draws_and_all_rows_are_used_once(curves):
    assert [(point["rows"], len(point["score"])) for point in curves["labels"]] == [
        (30, 2),
        (60, 2),
        (120, 1),
    ]
    for point in curves["labels"]:
        assert len(point["score"]) == len(point["tfidf"]) == len(point["features"])


def test_quality_is_measured_with_every_number_of_features(curves):
    sizes = [point["features"] for point in curves["features"]]
    assert sizes == sorted(set(sizes))
    assert all(0 <= point["score"] <= 1 for point in curves["features"])
    assert curves["labels"][-1]["features"][0] in sizes


def test_what_a_word_gives_away_is_learned(curves):
    assert curves["metric"] == "macro_f1"
    assert curves["labels"][-1]["score"][0] > 0.8
    assert curves["labels"][-1]["tfidf"][0] > 0.8


def test_shares_with_too_few_texts_of_a_label_are_left_out(toxicity, tiny_scope, insults):
    data = insults(30, 3), insults(20, 4)
    curves = refit_curves(toxicity, tiny_scope, *data, shares=(0.1, 1), draws=2)
    assert [point["rows"] for point in curves["labels"]] == [30]
    with pytest.raises(InputError, match="at least 6 different texts of each label"):
        refit_curves(toxicity, tiny_scope, *data, shares=(0.1,))
