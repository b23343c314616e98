"""Reading labelled text: every format gives the same rows, every fault one clear line."""

import csv
import gzip
import json
import lzma

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled
from scopesift_files.errors import InputError, UsageError

ROWS = [
    {"text": "you, fool", "label": "toxic", "lang": "en", "source": "a"},
    {"text": 'a "nice"\nday', "label": "clean", "lang": "en", "source": "b"},
    {"text": "", "label": "clean", "lang": "", "source": ""},
    {"text": "نص عربي \u2028 🙂", "label": "toxic", "lang": "ar", "source": "a"},
]


def jsonl(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def written(folder, name, rows=ROWS):
    path = folder / name
    if ".jsonl" in name:
        content = jsonl(rows)
    elif ".csv" in name:
        plain = folder / "plain.csv"
        with plain.open("w", newline="", encoding="utf-8") as stream:
            table = csv.DictWriter(stream, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
        content = plain.read_bytes()
    else:
        plain = folder / "plain.parquet"
        pq.write_table(pa.Table.from_pylist(rows), plain)
        content = plain.read_bytes()
    if name.endswith(".gz"):
        content = gzip.compress(content)
    elif name.endswith(".zst"):
        half = len(content) // 2  # two frames, as parallel compressors write them
        content = zstandard.compress(content[:half]) + zstandard.compress(content[half:])
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("compression", ["", ".gz", ".zst"])
def test_every_format_gives_the_same_rows_and_fingerprint(tmp_path, kind, compression):
    read = read_labelled(written(tmp_path, f"rows.{kind}{compression}"))
    assert read.texts == [row["text"] for row in ROWS]
    assert read.labels == ["toxic", "clean", "clean", "toxic"]
    assert read.langs == ["en", "en", None, "ar"]
    assert read.sources == ["a", "b", None, "a"]
    plain = LabelledText(read.texts, read.labels, read.langs, read.sources)
    assert read.fingerprint() == plain.fingerprint()


def test_columns_can_be_named(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(jsonl([{"comment": "x", "bad": 1}, {"comment": "y", "bad": 0}]))
    read = read_labelled(path, text="comment", label="bad")
    assert (read.texts, read.labels, read.langs) == (["x", "y"], ["1", "0"], [None, None])


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([True, False], ["true", "false"]),
        ([1.0, 0.0], ["1", "0"]),
        ([1, 0], ["1", "0"]),
        (["1.0", "TRUE"], ["1", "true"]),
        (["1.5", "01"], ["1.5", "01"]),
        (["Yes", "no"], ["Yes", "no"]),
    ],
)
def test_a_label_is_the_same_in_every_format(tmp_path, kind, values, labels):
    rows = [{"text": str(at), "label": value} for at, value in enumerate(values)]
    assert read_labelled(written(tmp_path, f"rows.{kind}", rows)).labels == labels


def test_a_label_that_is_missing_among_numbers_of_parquet_is_refused(tmp_path):
    pq.write_table(pa.table({"text": ["a", "b"], "label": [1.0, float("nan")]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a.parquet, row 2: expected a label.*nan"):
        read_labelled(tmp_path / "a.parquet")


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbftext,label\r\nhello,clean\r\n\r\nhi,toxic\r\n")
    assert read_labelled(path).texts == ["hello", "hi"]


def test_a_long_field_of_a_csv_is_read(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + "x" * 1_000_000 + ",clean\n")
    assert len(read_labelled(path).texts[0]) == 1_000_000


def test_lone_surrogates_and_nul_are_kept_and_have_a_fingerprint(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a\\ud800\\u0000b", "label": "clean"}\n')
    read = read_labelled(path)
    assert read.texts == ["a\ud800\0b"]
    assert len(read.fingerprint()) == 64


def test_the_fingerprint_ignores_order_and_sees_every_field(tmp_path):
    read = read_labelled(written(tmp_path, "rows.jsonl"))
    assert read.select([3, 1, 0, 2]).fingerprint() == read.fingerprint()
    assert read.select([0, 1, 2]).fingerprint() != read.fingerprint()
    for column in ("texts", "labels", "langs", "sources"):
        changed = {name: list(getattr(read, name)) for name in ("texts", "labels", "langs", "sources")}
        changed[column][0] = "other"
        assert LabelledText(**changed).fingerprint() != read.fingerprint()


def test_a_field_separator_inside_a_text_changes_the_fingerprint():
    one = LabelledText(["a", "b"], ["x", "y"], [None, None], [None, None])
    other = LabelledText(["a', 'x"], ["y"], [None], [None])
    assert one.fingerprint() != other.fingerprint()


def test_select_keeps_the_order_asked_for_and_refuses_a_mask():
    rows = LabelledText(["a", "b", "c"], ["x", "y", "x"], ["en", None, "de"], [None, "s", None], "f.csv")
    chosen = rows.select(np.array([2, 0]))
    assert (chosen.texts, chosen.labels, chosen.langs) == (["c", "a"], ["x", "x"], ["de", "en"])
    assert chosen.origin == "f.csv"
    assert len(rows.select([])) == 0
    with pytest.raises(ValueError, match="bool"):
        rows.select(np.array([True, False, True]))


GOOD_LINE = b'{"text": "t", "label": "clean"}\n'
FAULTS = {
    "bad JSON": ("a.jsonl", GOOD_LINE * 6 + b'{"text": "t", \n', "a.jsonl, line 7: expected a JSON object"),
    "not an object": ("a.jsonl", GOOD_LINE + b"[1]\n", "a.jsonl, line 2: .* got a list"),
    "too deep": ("a.jsonl", b"[" * 200_000, "a.jsonl, line 1: .*invalid JSON"),
    "bad UTF-8": ("a.jsonl", GOOD_LINE + b'{"text": "\xff"}\n', "a.jsonl, line 2: expected UTF-8.*0xff"),
    "bad UTF-8 in CSV": ("a.csv", b"text,label\na,b\n\xff,b\n", "a.csv, line 3: expected UTF-8"),
    "missing column": ("a.jsonl", b'{"text": "t", "tag": 1}\n', "line 1: .*'label', got 'text', 'tag'"),
    "missing column in CSV": ("a.csv", b"body,label\nt,clean\n", "line 2: .*'text', got 'body', 'label'"),
    "text of a wrong type": (
        "a.jsonl",
        GOOD_LINE + b'{"text": 5, "label": "x"}\n',
        "line 2: .*string.*a number",
    ),
    "null text": ("a.jsonl", b'{"text": null, "label": "x"}\n', "line 1: .*nothing"),
    "empty label": ("a.csv", b"text,label\nt,\n", "a.csv, line 2: expected a label"),
    "fraction as label": (
        "a.jsonl",
        b'{"text": "t", "label": 0.5}\n',
        "line 1: expected a label.*number 0.5",
    ),
    "null label": ("a.jsonl", b'{"text": "t", "label": null}\n', "line 1: expected a label.*nothing"),
    "list as label": ("a.jsonl", b'{"text": "t", "label": ["x"]}\n', "line 1: expected a label.*a list"),
    "near column": ("a.csv", b"text,Label\nt,x\n", r"a.csv, line 2: .*'label'.*\(is it 'Label'\?\)"),
    "lang of a wrong type": ("a.jsonl", b'{"text": "t", "label": "x", "lang": 3}\n', "line 1: .*'lang'"),
    "too many fields": (
        "a.csv",
        b'text,label\n"a\nb",x\nyes, no,x\n',
        "a.csv, line 4: expected 2 fields.*got 3",
    ),
    "open quote": ("a.csv", b'text,label\na,x\n"b,x\n', "a.csv, line 3: expected CSV"),
    "empty file": ("a.jsonl", b"", "a.jsonl: expected rows"),
    "only blank lines": ("a.jsonl", b"\n \n", "a.jsonl: expected rows"),
    "header only": ("a.csv", b"text,label\n", "a.csv: expected rows"),
    "gz that is not gz": (
        "a.jsonl.gz",
        GOOD_LINE,
        "a.jsonl.gz, line 1: expected gz data .*suffix of its compression",
    ),
    "gz cut off": (
        "a.jsonl.gz",
        gzip.compress(GOOD_LINE * 9)[:-9],
        "a.jsonl.gz, line 10: .*truncated.*copy the file again",
    ),
    "xz cut off": ("a.jsonl.xz", lzma.compress(GOOD_LINE * 9)[:-9], "a.jsonl.xz, line .*truncated"),
    "zst cut off": (
        "a.jsonl.zst",
        zstandard.compress(b"".join(b'{"text": "%d", "label": "x"}\n' % 7**at for at in range(3000)))[:-9],
        "a.jsonl.zst, line .*truncated.*copy the file again",
    ),
    "zst that is not zst": ("a.csv.zst", GOOD_LINE, "a.csv.zst, line 1: expected zst data"),
    "a column twice": ("a.csv", b"text,label,label\na,x,y\n", "a.csv, line 1: .*'label' twice"),
    "a name twice in an object": (
        "a.jsonl",
        GOOD_LINE + b'{"text": "t", "label": "x", "label": "y"}\n',
        "line 2: .*'label' twice",
    ),
    "UTF-16": ("a.csv", "text,label\na,b\n".encode("utf-16"), "a.csv, line 1: expected UTF-8, got UTF-16"),
    "one value over many lines": (
        "a.json",
        b'[\n {"text": "t", "label": "x"}\n]\n',
        "line 1: expected one object a line",
    ),
    "parquet that is not parquet": ("a.parquet", GOOD_LINE, "a.parquet: expected Parquet"),
    "empty parquet": ("a.parquet", b"", "a.parquet: expected Parquet"),
    "unknown extension": ("a.xlsx", b"", "a.xlsx: expected a name ending in .jsonl.*got .xlsx"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_with_its_place(tmp_path, fault):
    name, content, message = FAULTS[fault]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        read_labelled(tmp_path / name)
    assert "\n" not in str(raised.value)
    assert ";" in str(raised.value), "the remedy follows a semicolon"


@pytest.mark.parametrize("name", ["none.jsonl", "none.csv.gz", "none.parquet", "none.xlsx", "none.jsonl.zst"])
def test_a_missing_file_is_a_usage_error(tmp_path, name):
    with pytest.raises(UsageError, match="no such file"):
        read_labelled(tmp_path / name)


def test_one_class_only_is_refused():
    rows = LabelledText(["a", "b"], ["clean", "clean"], [None] * 2, [None] * 2, "a.csv")
    with pytest.raises(InputError, match=r"a.csv: expected at least two labels, got only 'clean' in 2 rows"):
        rows.require_two_classes()
    LabelledText(["a", "b"], ["clean", "toxic"], [None] * 2, [None] * 2).require_two_classes()


def test_an_unknown_label_is_named_with_its_first_row():
    rows = LabelledText(list("abcd"), ["clean", "nasty", "toxic", "nasty"], [None] * 4, [None] * 4, "a.csv")
    with pytest.raises(InputError, match=r"a.csv, row 2: .*clean, toxic, got 'nasty' in 2 rows"):
        rows.require_labels({"toxic", "clean"})
    rows.require_labels({"toxic", "clean", "nasty"})
