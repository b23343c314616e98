"""`scopesift overlap` from files to tables, JSON and page; doubts are said, mistakes are one line."""

import json

import pytest
from scopesift_files.errors import InputError, ScopeError, UsageError

A = [{"text": f"The cat sat on the mat {row}"} for row in range(40)]
B = [{"text": f"Das Wetter ist heute {row}"} for row in range(12)]


@pytest.fixture
def files(tmp_path, write_rows):
    return write_rows(tmp_path / "cats.jsonl", A), write_rows(tmp_path / "wetter.jsonl", B)


@pytest.fixture
def run(invoke, tiny_scope_folder):
    def run(*arguments):
        result = invoke("overlap", "--scope", tiny_scope_folder, *arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_tables_fit_80_columns_and_say_everything(run, files):
    said = run(*files).stdout
    assert max(map(len, said.splitlines())) <= 80
    for part in (
        "cats",
        "wetter",
        "halves",
        "Jaccard",
        "A in B",
        "chance",
        "all",
        "not by B wetter",
        "not by A cats",
    ):
        assert part in said
    assert said.count("1.00") >= 2  # A with A, B with B


def test_json_is_one_object_with_layers_and_directions(run, files):
    found = json.loads(run(*files, "--json", "--layers", "1,3", "--min-share", "0.2").stdout)
    assert (found["layers"], found["min_share"], found["pool"]) == ([1, 3], 0.2, "document")
    assert [(one["name"], one["rows"]) for one in found["data_sets"]] == [("cats", 40), ("wetter", 12)]
    (pair,) = found["pairs"]
    assert set(pair["layers"]) == {"1", "3"}
    both = pair["all"]
    assert both["shared"] == sum(one["shared"] for one in pair["layers"].values())
    assert both["a_in_b"] == pytest.approx(both["shared"] / both["size_a"], abs=1e-4)
    assert both["b_in_a"] == pytest.approx(both["shared"] / both["size_b"], abs=1e-4)
    assert pair["only_a"][0]["examples"][0]["row"] < 40


def test_a_file_with_itself_is_one_also_when_rows_are_drawn(run, files):
    for options in ((), ("--rows", "10"), ("--pool", "last")):
        (pair,) = json.loads(run(files[0], files[0], "--json", *options).stdout)["pairs"]
        assert (pair["all"]["jaccard"], pair["all"]["a_in_b"], pair["all"]["b_in_a"]) == (1, 1, 1)
        assert pair["only_a"] == pair["only_b"] == []


def test_uneven_sizes_and_few_documents_are_said(run, files):
    said = " ".join(run(*files).stderr.split())
    assert "12 to 40 rows" in said
    assert "--rows 12 draws as many" in said
    assert "wetter: 0.1 of 12 rows is 2 documents" in said
    even = " ".join(run(*files, "--rows", "12").stderr.split())
    assert "draws as many" not in even


def test_a_page_is_written_and_columns_are_named(run, tmp_path, write_rows, files):
    other = tmp_path / "rows.csv"
    other.write_text("body\na cat\nthe mat\n")
    named = write_rows(tmp_path / "named.jsonl", [{"body": "rain"}, {"body": "cat"}])
    page = tmp_path / "overlap.html"
    for option in ("--text", "--text-column"):
        result = run(other, named, option, "body", "--html", page)
        assert "it quotes your texts" in " ".join(result.stderr.split())
        assert "named" in page.read_text()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (("--pool", "first"), UsageError, "no pool 'first'; expected one of: document, last"),
        (("--min-share", "2"), UsageError, "between 0 and 1, got 2"),
        (("--rows", "13"), UsageError, "wetter.jsonl has 12 rows"),
        (("--layers", "9"), ScopeError, "has no layer 9"),
        (("--text", "txt"), InputError, "expected a column 'txt', got 'text'.*is it 'text'"),
        (("--html", "."), UsageError, "is a folder"),
    ],
)
def test_mistakes_are_one_line(run, files, options, error, message):
    with pytest.raises(error, match=message):
        run(*files, *options)


def test_one_file_is_not_enough(run, files):
    with pytest.raises(UsageError, match="at least two files"):
        run(files[0])
