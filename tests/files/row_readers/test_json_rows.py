"""Rows of JSON lines."""

import pytest
from scopesift_files.row_readers.rows import read_rows


def read(path, data):
    path.write_bytes(data)
    return [row.with_text("text") for row in read_rows(path)]


def test_a_name_that_stands_twice_in_an_object_rejects_the_row_but_not_inside_of_a_value(tmp_path):
    twice, inside = read(
        tmp_path / "a.jsonl", b'{"text": "a", "id": 1, "id": 2}\n{"text": "b", "meta": {"id": 1, "id": 2}}\n'
    )
    assert (twice.reason, twice.detail) == ("bad_json", "expected each column once, got 'id' twice")
    assert (inside.text, inside.fields["meta"]) == ("b", {"id": 2})


@pytest.mark.parametrize("data", [b'[\n  {"text": "a"},\n  {"text": "b"}\n]\n', b'\n{\n  "text": "a"\n}\n'])
def test_a_json_file_that_holds_one_value_over_many_lines_is_one_rejected_row(tmp_path, data):
    (row,) = read(tmp_path / "a.json", data)
    assert (row.reason, row.detail) == (
        "bad_json",
        "expected one object a line, got one value over many lines",
    )


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.ndjson"])
def test_blank_lines_are_no_rows_and_numbers_count_rows(tmp_path, name):
    rows = read(tmp_path / name, b'\n{"text": "a"}\n \t\n{"text": }\r\n{"text": "c"}')
    assert [(row.number, row.line, row.text, row.reason) for row in rows] == [
        (0, 2, "a", ""), (1, 4, "", "bad_json"), (2, 5, "c", ""),
    ]  # fmt: skip
    assert rows[1].raw == b'{"text": }'
