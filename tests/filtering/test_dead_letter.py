import base64
import datetime
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CORRUPTIONS = {
    "truncated": (lambda text: json.dumps({"text": text}).encode()[:-4], "bad_json"),
    "not UTF-8": (lambda text: b'{"text": "\xff\xfe' + text.encode() + b'"}', "bad_utf8"),
    "no text": (lambda text: json.dumps({"id": 1}).encode(), "no_text"),
    "null": (lambda text: b'{"text": null}', "no_text"),
    "a number": (lambda text: b'{"text": 17}', "text_not_a_string"),
    "a list": (lambda text: b'["text"]', "not_an_object"),
    "too long": (lambda text: json.dumps({"text": "long " * 1000}).encode(), "too_long"),
    "NaN": (lambda text: b'{"text": "a", "score": NaN}', "bad_json"),
}


def corrupt(texts, each, seed=0):
    """Rows of JSONL of which some are corrupted; gives lines and the expected reasons by row."""
    rng = random.Random(seed)
    lines = [
        json.dumps({"text": text, "id": at}, ensure_ascii=False).encode() for at, text in enumerate(texts)
    ]
    at = iter(rng.sample(range(len(lines)), each * len(CORRUPTIONS)))
    expected = {}
    for spoil, reason in CORRUPTIONS.values():
        for _ in range(each):
            row = next(at)
            lines[row] = spoil(texts[row])
            expected[row] = reason
    return lines, expected


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_rows_corrupted_in_eight_ways_are_all_in_the_dead_letter_with_their_reason(
    texts, write_jsonl, run, rows_of, tmp_path, name
):
    lines, expected = corrupt(texts(200), each=2)
    tally = run([write_jsonl(name, lines)], tmp_path / "out", max_chars=2000, mode="both")
    dead = rows_of(tmp_path / "out" / "rejected")
    assert {row["row"]: row["reason"] for row in dead} == expected
    for row in dead:
        raw = row["raw"].encode() if "raw" in row else base64.b64decode(row["raw_base64"])
        assert raw == lines[row["row"]]
        assert row["line"] == row["row"] + 1
    assert (tally.rows, tally.rejected) == (200, 16)
    assert tally.rows == tally.kept + tally.dropped + tally.rejected
    kept = [json.dumps(row, ensure_ascii=False).encode() for row in rows_of(tmp_path / "out" / "kept")]
    assert kept == [line for at, line in enumerate(lines) if at not in expected]
    attributes = rows_of(tmp_path / "out" / "attributes")
    assert [row["row"] for row in attributes] == list(range(200))
    assert {row["row"]: row["reasons"][0] for row in attributes if row["status"] == "rejected"} == expected


def test_blank_text_is_no_text(write_jsonl, run, rows_of, tmp_path):
    run([write_jsonl("a.jsonl", [{"text": ""}, {"text": " \n"}, {"text": "x"}])], tmp_path / "out")
    assert [row["reason"] for row in rows_of(tmp_path / "out" / "rejected")] == ["no_text", "no_text"]


def test_a_lone_surrogate_is_text_and_comes_out_as_it_went_in(write_jsonl, run, tmp_path):
    line = b'{"text": "half \\ud83d of it"}'
    tally = run([write_jsonl("a.jsonl", [line])], tmp_path / "out")
    assert tally.kept == 1
    assert (tmp_path / "out" / "kept" / "00000-000000.jsonl").read_bytes() == line + b"\n"


def test_parquet_rows_without_sound_text_are_rejected_and_the_others_keep_their_columns(
    run, rows_of, tmp_path
):
    bad_utf8 = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    text = pa.chunked_array([pa.array(["good one", None, ""]), bad_utf8, pa.array(["good two"])])
    pq.write_table(pa.table({"text": text, "n": [1, 2, 3, 4, 5]}), tmp_path / "a.parquet")
    tally = run([tmp_path / "a.parquet"], tmp_path / "out")
    dead = rows_of(tmp_path / "out" / "rejected")
    assert [(row["row"], row["reason"]) for row in dead] == [(1, "no_text"), (2, "no_text"), (3, "bad_utf8")]
    assert json.loads(dead[0]["raw"]) == {"text": None, "n": 2}
    assert base64.b64decode(dead[2]["raw_base64"]) == b"\xff\xfe"
    kept = pq.read_table(tmp_path / "out" / "kept")
    assert kept.to_pydict() == {"text": ["good one", "good two"], "n": [1, 5]}
    assert tally.rows == 5


def test_a_rejected_parquet_row_keeps_its_bytes_and_dates(run, rows_of, tmp_path):
    when = datetime.date(2026, 11, 21)
    pq.write_table(pa.table({"text": [None], "blob": [b"\xff\0a"], "day": [when]}), tmp_path / "a.parquet")
    run([tmp_path / "a.parquet"], tmp_path / "out")
    (dead,) = rows_of(tmp_path / "out" / "rejected")
    values = json.loads(dead["raw"])
    assert base64.b64decode(values["blob"]["base64"]) == b"\xff\0a"
    assert values["day"] == "2026-11-21"


def test_a_file_that_is_not_parquet_is_one_dead_letter_and_the_run_goes_on(
    write_jsonl, run, rows_of, tmp_path
):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but not really")
    good = write_jsonl("b.jsonl", [{"text": "a cat"}])
    tally = run([tmp_path / "a.parquet", good], tmp_path / "out")
    assert [row["reason"] for row in rows_of(tmp_path / "out" / "rejected")] == ["bad_parquet"]
    assert (tally.rows, tally.kept) == (2, 1)


def test_a_gzip_file_that_breaks_off_gives_its_rows_and_one_dead_letter(
    texts, write_jsonl, run, rows_of, tmp_path
):
    path = write_jsonl("a.jsonl.gz", [{"text": f"{text} {hash(text) ** 7}"} for text in texts(400)])
    path.write_bytes(path.read_bytes()[:-2000])
    tally = run([path], tmp_path / "out")
    dead = rows_of(tmp_path / "out" / "rejected")
    assert [row["reason"] for row in dead] in (["bad_compression"], ["bad_json", "bad_compression"])
    assert 0 < tally.kept < 400


WHOLE_FILES = {
    "zero bytes": ("b.csv", b"", "bad_header"),
    "a column twice": ("b.csv", b"text,label,label\na,b,c\nd,e,f\n", "bad_header"),
    "carriage returns alone": ("b.csv", b"id,text\r1,a\r2,b\r", "bad_header"),
    "UTF-16": ("b.csv", "id,text\n1,a\n2,b\n".encode("utf-16"), "bad_utf8"),
    "JSON lines in UTF-16": ("b.jsonl", '{"text": "a"}\n{"text": "b"}\n'.encode("utf-16-le"), "bad_utf8"),
    "JSON over many lines": ("b.json", b'[\n{"text": "a"},\n{"text": "b"}\n]\n', "bad_json"),
    "not zstd": ("b.jsonl.zst", b'{"text": "a"}\n', "bad_compression"),
    "not xz": ("b.csv.xz", b"id,text\n1,a\n", "bad_compression"),
}


@pytest.mark.parametrize("fault", WHOLE_FILES)
def test_a_file_that_cannot_be_read_is_one_dead_letter_and_the_run_goes_on(
    fault, write_jsonl, run, rows_of, tmp_path
):
    name, data, reason = WHOLE_FILES[fault]
    (tmp_path / name).write_bytes(data)
    around = [write_jsonl(name, [{"text": "a cat"}]) for name in ("a.jsonl", "c.jsonl")]
    tally = run([around[0], tmp_path / name, around[1]], tmp_path / "out", mode="both")
    (dead,) = rows_of(tmp_path / "out" / "rejected")
    assert (dead["file"], dead["reason"]) == (str(tmp_path / name), reason)
    assert (tally.rows, tally.kept) == (3, 2)


def test_a_parquet_file_with_a_column_twice_is_one_dead_letter(write_jsonl, run, rows_of, tmp_path):
    table = pa.table([pa.array(["a", "b"])] * 2, names=["text", "text"])
    pq.write_table(table, tmp_path / "a.parquet")
    run([tmp_path / "a.parquet", write_jsonl("b.jsonl", [{"text": "a cat"}])], tmp_path / "out")
    (dead,) = rows_of(tmp_path / "out" / "rejected")
    assert (dead["reason"], dead["detail"]) == ("bad_parquet", "expected each column once, got 'text' twice")


def test_the_line_ends_inside_a_rejected_record_are_in_its_raw_bytes(run, rows_of, tmp_path):
    record = b'1,"' + b"long\r\n" * 40 + b'"'
    (tmp_path / "a.csv").write_bytes(b"id,text\r\n" + record + b'\r\n2,"two\r\nlines"\r\n')
    run([tmp_path / "a.csv"], tmp_path / "out", max_chars=100)
    (dead,) = rows_of(tmp_path / "out" / "rejected")
    assert (dead["reason"], dead["raw"].encode()) == ("too_long", record)
    assert rows_of(tmp_path / "out" / "kept") == [{"id": "2", "text": "two\r\nlines"}]
