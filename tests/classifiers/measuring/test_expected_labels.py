import pytest
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.expected_labels import require_expected, with_positive
from scopesift_files.errors import InputError, UsageError


def labelled(*labels):
    return LabelledText(
        list(map(str, range(len(labels)))), list(labels), [None] * len(labels), [None] * len(labels), "a.csv"
    )


def test_the_named_label_becomes_the_classifiers_and_all_others_its_other_one(toxicity):
    renamed = with_positive(toxicity, labelled("1", "0", "toxic", "2"), "1")
    assert renamed.labels == ["toxic", "clean", "clean", "clean"]


def test_a_classifier_of_many_labels_has_no_positive_one(language):
    with pytest.raises(UsageError, match="'language' has 3; leave it out"):
        with_positive(language, labelled("de"), "de")


def test_all_labels_that_a_classifier_of_many_cannot_give_are_listed(language):
    with pytest.raises(
        InputError, match=r"a.csv, row 1: .*de, es, ru, und, got 'fr' in 2 rows, 'it' in 1 row; "
    ):
        require_expected(language, labelled("fr", "it", "fr"))
    require_expected(language, labelled("de", "und"))


def test_a_long_list_of_labels_is_cut(toxicity):
    with pytest.raises(InputError, match="and 2 more labels; say which"):
        require_expected(toxicity, labelled(*(f"class {at}" for at in range(10))))
