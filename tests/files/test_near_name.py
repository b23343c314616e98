"""A name that is probably meant is found, one that is not is left alone."""

import pytest
from scopesift_files.near_name import near_name
from scopesift_files.row_readers.row import Row


@pytest.mark.parametrize("there", ["Label", "LABEL", "labels", "lable", " label", "label_", "\ufefflabel"])
def test_a_near_miss_is_found_among_others(there):
    assert near_name("label", ("text", there, "lang")) == there


@pytest.mark.parametrize("there", ["toxic", "table", "l", "", "class", "level"])
def test_another_name_is_not_near(there):
    assert near_name("label", ("text", there)) is None


def test_the_nearest_of_two_is_named():
    assert near_name("label", ("labels", "Label")) == "Label"


def test_a_row_without_the_column_points_at_the_near_one():
    fields = {"text": "x", "Label": "y"}
    complaint = Row("a.csv", 0, 2, fields=fields).with_text("label").complaint
    assert "got 'text', 'Label' (is it 'Label'?)" in complaint
    assert "is it" not in Row("a.csv", 0, 2, fields=fields).with_text("kind").complaint
