"""Texts of standard input and of files: each line answered in its place."""

import io
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
from scopesift_files.row_readers.lines import read_lines
from scopesift_files.row_readers.texts import read_texts


def texts(data):
    return [row.sound().text for row in read_texts(io.BytesIO(data))]


def test_plain_lines_keep_blank_lines_so_that_answers_correspond():
    assert texts(b"\none\r\n\n{two}") == ["", "one", "", "{two}"]
    assert texts(b"\n \n") == ["", " "]
    assert texts(b"") == []


def test_json_lines_are_recognised_and_blank_ones_skipped():
    assert texts(b'\n{"id": 1, "text": "a\\nb"}\n\n{"text": ""}\n') == ["a\nb", ""]


def test_texts_arrive_before_the_stream_ends():
    read, write = os.pipe()
    with open(read, "rb") as stream, open(write, "wb", buffering=0) as sender:
        rows = read_texts(stream)
        for line in (b"first\n", b"second\n"):
            sender.write(line)
            assert next(rows).text == line.decode().strip()


def test_texts_of_files_come_from_rows_or_lines(tmp_path):
    pq.write_table(pa.table({"text": ["a", "b\nc"]}), tmp_path / "rows.parquet")
    assert [row.text for row in read_texts(tmp_path / "rows.parquet")] == ["a", "b\nc"]
    (tmp_path / "lines.txt").write_bytes(b"one\ntwo")
    assert [row.text for row in read_texts(tmp_path / "lines.txt")] == ["one", "two"]


def test_lines_of_a_text_file_are_texts_even_if_they_look_like_json(tmp_path):
    (tmp_path / "lines.txt").write_bytes(b'{"text": "one"}\n')
    assert [row.text for row in read_lines(tmp_path / "lines.txt")] == ['{"text": "one"}']


def test_a_line_that_cannot_be_read_is_a_row_with_its_place_and_the_others_are_read():
    lines = [json.dumps({"text": f"text {at}"}).encode() for at in range(5)]
    lines[1], lines[3] = b'{"txt": "a"}', b'{"text": '
    rows = list(read_texts(io.BytesIO(b"\n".join(lines))))
    assert [row.text for row in rows] == ["text 0", "", "text 2", "", "text 4"]
    assert rows[1].complaint.startswith("stdin, line 2: expected a column 'text', got 'txt' (is it 'txt'?); ")
    assert rows[3].complaint.startswith("stdin, line 4: expected a JSON object, got invalid JSON")
    (_, bad, good) = read_texts(io.BytesIO(b"one\n\xfe\nthree\n"))
    assert bad.complaint.startswith("stdin, line 2: expected UTF-8, got the byte 0xfe at offset 0; ")
    assert good.text == "three"
