"""Which files a run reads, and in which order."""

import functools
import gzip
import http.server
import json
import threading

import pytest

pytest.importorskip("fsspec")
import fsspec
from scopesift_files.errors import UsageError
from scopesift_filtering.inputs import find_inputs, make_groups

LINE = json.dumps({"text": "hello"}) + "\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("b.jsonl", "a.ndjson", "deep/c.csv", "_SUCCESS.jsonl", ".hidden.jsonl", "notes.txt"):
        (tmp_path / "in" / name).write_text(LINE)
    (tmp_path / "in" / "z.jsonl.gz").write_bytes(gzip.compress(LINE.encode()))
    return tmp_path / "in"


def names(patterns, folder):
    return [file.url.removeprefix(f"{folder}/") for file in find_inputs([str(one) for one in patterns]).files]


def test_a_folder_is_every_readable_file_in_it_sorted_without_hidden_and_marker_files(folder):
    assert names([folder], folder) == ["a.ndjson", "b.jsonl", "deep/c.csv", "z.jsonl.gz"]


def test_a_glob_is_sorted_and_a_file_named_twice_is_read_once(folder):
    assert names([folder / "z.jsonl.gz", folder / "*.jsonl*"], folder) == ["z.jsonl.gz", "b.jsonl"]


def test_a_name_with_brackets_in_it_is_still_a_name(folder):
    (folder / "x[1].jsonl").write_text(LINE)
    assert names([folder / "x[1].jsonl"], folder) == ["x[1].jsonl"]


def test_json_files_are_read_as_lines_and_files_of_other_formats_are_named(folder):
    others = ("a.tsv", "b.jsonl.bz2", "c.parquet.gz", "deep/d.xlsx", "README")
    for name in ("c4.json", "c4.json.gz", "c5.json.zst", *others):
        (folder / name).write_bytes(b"")
    for pattern in (folder, folder / "**"):
        inputs = find_inputs([str(pattern)])
        assert {"c4.json", "c4.json.gz", "c5.json.zst"} <= {
            file.url.removeprefix(f"{folder}/") for file in inputs.files if file.format == "jsonl"
        }
        assert [name.removeprefix(f"{folder}/") for name in inputs.unread] == sorted([*others, "notes.txt"])


@pytest.mark.parametrize("pattern", [".", "deep/..", "**", "**/*.jsonl*", "*/kept/*", "*/*.json"])
@pytest.mark.parametrize("out", ["clean", "./clean", "deep/../clean"])
def test_an_output_folder_that_a_resumed_run_would_read_is_refused_at_the_start(folder, pattern, out):
    with pytest.raises(UsageError, match="is inside the input"):
        find_inputs([str(folder / "b.jsonl"), str(folder / pattern)], folder / out)


@pytest.mark.parametrize("pattern", ["*", "*.jsonl", "deep/**", "deep"])
def test_an_output_folder_beside_the_files_that_are_read_is_no_harm(folder, pattern):
    assert find_inputs([str(folder / pattern)], folder / "clean").files


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("nothing.jsonl", "no file ending in"),
        ("*.nothing", "no file ending in"),
        ("notes.txt", "expected a name"),
    ],
)
def test_what_is_not_there_or_of_no_known_format_is_one_line(folder, pattern, says):
    with pytest.raises(UsageError, match=says) as error:
        find_inputs([str(folder / pattern)])
    assert "\n" not in str(error.value)


def test_neighbours_of_one_format_form_a_group(folder):
    groups = make_groups(find_inputs([str(folder)]).files)
    assert [[file.format for file in group.files] for group in groups] == [
        ["jsonl", "jsonl"],
        ["csv"],
        ["jsonl"],
    ]
    assert [group.first for group in groups] == [0, 2, 3]


def test_any_fsspec_url_is_an_input(texts, run, rows_of, tmp_path):
    memory = fsspec.filesystem("memory")
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts(6))
    memory.pipe("/posts/one.jsonl", lines.encode())
    run(["memory://posts/*.jsonl"], tmp_path / "out", mode="attributes")
    assert len(rows_of(tmp_path / "out" / "attributes")) == 6


def test_a_file_on_a_web_server_is_an_input(texts, run, rows_of, tmp_path):
    pytest.importorskip("aiohttp")
    (tmp_path / "web").mkdir()
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts(6))
    (tmp_path / "web" / "one.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        run([f"http://127.0.0.1:{server.server_port}/one.jsonl.gz"], tmp_path / "out", mode="attributes")
        server.shutdown()
    assert len(rows_of(tmp_path / "out" / "attributes")) == 6
