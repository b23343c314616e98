"""The rows of a fit: none decides what it was fitted on, and too few are counted before any are set aside."""

import json

import pytest
from scopesift_classifiers.fitting.fit_rows import fit_rows, require_rows, set_aside
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_files.errors import InputError


def made(n, labels=("clean", "toxic"), texts=None):
    texts = [f"text {at}" for at in range(n)] if texts is None else texts
    own = [labels[at % len(labels)] for at in range(n)]
    return LabelledText(texts, own, [None] * n, [None] * n, "rows.jsonl")


def write(path, rows, marks):
    with path.open("w") as stream:
        for text, label, mark in zip(rows.texts, rows.labels, marks, strict=True):
            stream.write(json.dumps({"text": text, "label": label, "split": mark}) + "\n")
    return path


def test_rows_without_a_mark_are_fitted_on_and_none_of_them_decides(tmp_path):
    path = write(tmp_path / "rows.jsonl", made(80), ["train"] * 40 + [None] * 40)
    train, dev = fit_rows(path)
    assert (len(train), len(dev)) == (64, 16)
    assert not set(train.texts) & set(dev.texts)


def test_rows_marked_dev_decide_and_rows_marked_test_are_left_out(tmp_path):
    path = write(
        tmp_path / "rows.jsonl", made(60), ["train"] * 20 + ["dev"] * 20 + ["test"] * 10 + [None] * 10
    )
    train, dev = fit_rows(path)
    assert train.texts == [f"text {at}" for at in [*range(20), *range(50, 60)]]
    assert dev.texts == [f"text {at}" for at in range(20, 40)]


def test_dev_rows_that_cannot_be_read_stop_the_fit_instead_of_being_replaced(tmp_path):
    rows = made(60)
    rows.labels[40:] = ["clean"] * 20
    path = write(tmp_path / "rows.jsonl", rows, ["train"] * 40 + ["dev"] * 20)
    with pytest.raises(InputError, match="only 'clean' in 20 rows"):
        fit_rows(path, balance=10)


def test_another_file_decides_where_one_is_named(tmp_path):
    path = write(tmp_path / "rows.jsonl", made(40), ["train"] * 20 + ["dev"] * 20)
    other = write(tmp_path / "dev.jsonl", made(10, texts=[f"other {at}" for at in range(10)]), [None] * 10)
    train, dev = fit_rows(path, other)
    assert (len(train), dev.texts[0], len(dev)) == (20, "other 0", 10)


def test_too_few_rows_are_counted_before_a_part_is_set_aside():
    with pytest.raises(InputError) as raised:
        set_aside(made(20))
    said = str(raised.value)
    assert said.startswith("rows.jsonl: expected at least 8 dev rows")
    assert "got 4 of 20 rows with 20 different texts; add rows, or name a file" in said


def test_a_label_with_too_few_different_texts_is_named_with_its_rows():
    rows = made(60, texts=[f"text {at}" if at % 2 == 0 else f"rude {at % 3}" for at in range(60)])
    with pytest.raises(InputError, match=r"at least 4 different texts labelled 'toxic' .*, got 3 in 30 rows"):
        set_aside(rows)


def test_forty_rows_are_enough():
    train, dev = set_aside(made(40))
    assert (len(train), len(dev)) == (32, 8)
    require_rows(train, dev)


def test_given_rows_that_are_too_few_are_told_apart():
    with pytest.raises(InputError, match="8 train rows and 8 dev rows, got 20 and 4; add rows"):
        require_rows(made(20), made(4))
    with pytest.raises(InputError, match=r"expected at least two labels, got only 'clean' in 9 rows"):
        require_rows(made(20), made(9, labels=("clean",)))
