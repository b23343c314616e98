"""Texts stay in their files, rows are drawn once, and what is wrong with a file is said before the long work."""

import json

import numpy as np
import pytest
from scopesift_classifiers.overlaps import data_sets
from scopesift_classifiers.overlaps.data_sets import DataSet, open_data_sets, short_names, texts_of_all
from scopesift_files.errors import InputError, UsageError


@pytest.fixture
def write(tmp_path):
    def write(name, texts, column="text"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps({column: text}) + "\n" for text in texts))
        return path

    return write


def test_pieces_are_all_texts_in_their_order_and_bounded_in_number_and_length(write, monkeypatch):
    texts = ["a", "bb", "c" * 30, "d", "e", "f"]
    data = DataSet.open(write("a.jsonl", texts))
    assert len(data) == 6
    assert list(data.pieces(4)) == [texts[:4], texts[4:]]
    monkeypatch.setattr(data_sets, "CHARACTERS_AT_ONCE", 10)
    assert list(data.pieces(4)) == [texts[:2], texts[2:3], texts[3:]]


def test_drawn_rows_are_distinct_and_the_same_again_and_others_with_another_seed(write):
    path = write("a.jsonl", [str(row) for row in range(100)])
    drawn = [next(DataSet.open(path, rows=20, seed=seed).pieces(100)) for seed in (0, 0, 1)]
    assert len(set(drawn[0])) == 20
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] == sorted(drawn[0], key=int)
    rows, texts = DataSet.open(path, rows=20).sample(5)
    assert texts == [str(row) for row in rows]
    assert set(texts) <= set(drawn[0])


def test_a_sample_of_all_data_sets_has_texts_of_each(write):
    both = open_data_sets([write("a.jsonl", ["a"] * 50), write("b.jsonl", ["b"] * 5)])
    found = texts_of_all(both, 20)
    assert len(found) <= 20
    assert found.count("b") == 5
    assert found.count("a") >= 9


def test_names_are_as_short_as_they_may_be(tmp_path):
    a, b = tmp_path / "one" / "train.jsonl.gz", tmp_path / "two" / "train.csv"
    assert short_names([a, tmp_path / "one" / "test.jsonl.gz"]) == ["train", "test"]
    assert short_names([a, b]) == ["one/train", "two/train"]
    assert short_names([a, a]) == ["train", "train (2)"]
    twins = [tmp_path / "a.csv", tmp_path / "a.jsonl"]
    assert short_names(twins) == [str(path) for path in twins]


def test_what_is_wrong_with_a_file_is_one_line(write, tmp_path):
    good = write("good.jsonl", ["a", "b"])
    with pytest.raises(UsageError, match="at least two files"):
        open_data_sets([good])
    with pytest.raises(UsageError, match=r"good\.jsonl has 2 rows, but 3 shall be drawn.*at most 2"):
        open_data_sets([good, good], rows=3)
    with pytest.raises(UsageError, match="no such file"):
        open_data_sets([good, tmp_path / "none.jsonl"])
    with pytest.raises(InputError, match=r"other.jsonl, line 1: expected a column 'text'.*is it 'Text'"):
        open_data_sets([good, write("other.jsonl", ["a"], column="Text")])
    with pytest.raises(InputError, match=r"empty.jsonl: expected rows with 'text', got none"):
        open_data_sets([good, write("empty.jsonl", [])])


def test_a_file_that_lost_rows_since_is_not_taken_for_a_smaller_one(write):
    path = write("a.jsonl", ["a", "b", "c"])
    data = DataSet.open(path)
    write("a.jsonl", ["a"])
    with pytest.raises(InputError, match="fewer rows than before"):
        list(data.texts(np.arange(3)))
