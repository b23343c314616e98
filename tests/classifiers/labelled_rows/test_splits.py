"""Splits of a file: every row belongs to one, marked or not."""

import json

import pytest
from scopesift_classifiers.labelled_rows.rows import read_labelled
from scopesift_classifiers.measuring.unlabelled import read_unlabelled
from scopesift_files.errors import InputError

SPLITS = ("train", "dev", "test")


@pytest.fixture
def write(tmp_path):
    def run(marks, **columns):
        path = tmp_path / "rows.jsonl"
        rows = [{"text": str(at), "label": "xy"[at % 2], **columns} for at in range(len(marks))]
        marked = [
            {**row, "split": mark} if mark is not None else row for row, mark in zip(rows, marks, strict=True)
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in marked))
        return path

    return run


def texts_of(path):
    found = {}
    for split in SPLITS:
        try:
            found[split] = set(read_labelled(path, split=split).texts)
        except InputError:
            found[split] = set()
    return found


@pytest.mark.parametrize(
    "marks",
    [
        ["train"] * 4 + [None] * 4,
        [None] * 4 + ["dev"] * 4,
        ["test", None, "dev", "", "train", None],
        ["validation", None, "test"],
    ],
)
def test_no_row_is_in_two_splits_and_rows_without_a_mark_are_train_rows(write, marks):
    found = texts_of(write(marks))
    assert sum(map(len, found.values())) == len(set.union(*found.values()))
    assert {str(at) for at, mark in enumerate(marks) if not mark} <= found["train"]


def test_a_file_without_marks_is_whatever_split_is_asked_for(write):
    assert texts_of(write([None, "", None])) == {split: {"0", "1", "2"} for split in SPLITS}


def test_texts_without_labels_are_split_alike(tmp_path):
    path = tmp_path / "bare.jsonl"
    path.write_text('{"text": "a", "split": "test"}\n{"text": "b"}\n{"text": "c", "split": "train"}\n')
    assert read_unlabelled(path, split="test").texts == ["a"]
    assert read_unlabelled(path).texts == ["a", "b", "c"]


def test_a_split_that_no_row_is_marked_as_says_which_marks_there_are(write):
    with pytest.raises(
        InputError, match=r"marked 'test' in 'split', got 2 rows marked 'train', 1 row without a mark"
    ):
        read_labelled(write(["train", "train", None]), split="test")


def test_a_mark_that_is_no_string_is_refused_with_its_place(write):
    with pytest.raises(InputError, match="line 2: expected a string in 'split', got a number"):
        read_labelled(write(["train", 3]), split="train")
