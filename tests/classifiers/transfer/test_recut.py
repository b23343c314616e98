"""New cuts of a fitted classifier; those of two labels are tested with the command."""

from dataclasses import replace

import pytest
from scopesift_classifiers.measuring.cuts import FALSE_POSITIVE_RATE, PRECISION, RECALL, Requirement
from scopesift_classifiers.transfer.recut import recut
from scopesift_files.errors import UsageError


def test_many_labels_are_cut_where_the_wanted_share_of_right_labels_is_given(language, tiny_scope, languages):
    rows = languages(120, 7)
    done = recut(language, tiny_scope, rows, Requirement(RECALL, 0.5))
    cut = done.cuts["default"]
    assert cut["after"] > cut["before"]
    assert 0.5 <= cut["recall"] < 0.9


def test_a_new_cut_replaces_the_cuts_of_single_labels(language, tiny_scope, languages):
    cuts = dict.fromkeys(language.labels, language.default.cut)
    own = replace(language, default=replace(language.default, label_cuts=cuts))
    done = recut(own, tiny_scope, languages(120, 7), Requirement(RECALL, 0.5))
    assert done.classifier.default.label_cuts == {}
    assert done.cuts == recut(language, tiny_scope, languages(120, 7), Requirement(RECALL, 0.5)).cuts


def test_many_labels_have_no_false_positive_rate_and_the_language_classifier_no_languages(
    language, tiny_scope, languages
):
    for rate, langs, message in (
        (FALSE_POSITIVE_RATE, (), "is for two labels"),
        (PRECISION, ("de",), "one decision for all languages"),
    ):
        with pytest.raises(UsageError, match=message):
            recut(language, tiny_scope, languages(30, 7), Requirement(rate, 0.5), langs)
