import json
import os
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from scopesift_files.errors import UsageError


@pytest.fixture
def labelled(tmp_path, insults):
    path = tmp_path / "rows.jsonl"
    rows = insults(90)
    splits = ["train"] * 60 + ["dev"] * 20 + ["test"] * 10
    with path.open("w") as stream:
        for text, label, split in zip(rows.texts, rows.labels, splits, strict=True):
            stream.write(json.dumps({"text": text, "label": label, "split": split}) + "\n")
    return path


def test_classify_prints_one_json_object_a_text(artifact, tiny_scope_folder, invoke):
    result = invoke(
        "classify", "you idiot", "a cat", "--json", "--scope", tiny_scope_folder, "--classifier", artifact
    )
    assert result.exit_code == 0
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["text"] for record in records] == ["you idiot", "a cat"]
    assert set(records[0]["toxicity"]) >= {"flagged", "score", "evidence"}
    assert records[0]["scope"] == "tiny"
    assert set(records[0]["classifiers"]) == {"toxicity"}


def test_a_bundled_scope_that_is_named_brings_its_own_classifiers(invoke):
    record = json.loads(invoke("classify", "a cat", "--json", "--scope", "nano").stdout)
    assert record["scope"] == "nano"
    assert set(record["classifiers"]) == {"toxicity", "language", "domain"}
    one = json.loads(
        invoke("classify", "a cat", "--json", "--scope", "nano", "--classifier", "domain").stdout
    )
    assert one["classifiers"] == {"domain": record["classifiers"]["domain"]}


def test_a_scope_without_classifiers_of_its_own_says_so(tiny_scope_folder, invoke):
    result = invoke("classify", "a cat", "--scope", tiny_scope_folder)
    assert "scope 'tiny' has no bundled classifiers" in str(result.exception)
    result = invoke("classify", "a cat", "--scope", tiny_scope_folder, "--classifier", "toxicity")
    assert "one of those bundled with tiny: none" in str(result.exception)


def test_classify_reads_lines_and_jsonl_from_stdin(artifact, tiny_scope_folder, invoke):
    options = ("--json", "--scope", tiny_scope_folder, "--classifier", artifact)
    lines = invoke("classify", "-", *options, stdin="one\n\ntwo\n")
    assert [json.loads(line)["text"] for line in lines.stdout.splitlines()] == ["one", "", "two"]
    rows = invoke("classify", "-", *options, stdin='{"text": "one"}\n{"text": "two"}\n')
    assert [json.loads(line)["text"] for line in rows.stdout.splitlines()] == ["one", "two"]


def test_one_bad_line_among_a_hundred_costs_its_own_answer_only(artifact, tiny_scope_folder, invoke):
    options = ("--scope", tiny_scope_folder, "--classifier", artifact)
    lines = [json.dumps({"text": f"text {at}"}) for at in range(100)]
    whole = invoke("classify", "-", "--json", *options, stdin="\n".join(lines))
    lines[41] = '{"text": oops}'
    result = invoke("classify", "-", "--json", *options, stdin="\n".join(lines))
    records, expected = ([json.loads(line) for line in one.stdout.splitlines()] for one in (result, whole))
    bad = records[41].pop("error")
    assert (records[41], bad["code"], bad["line"]) == ({}, "bad_json", 42)
    assert bad["message"].startswith("stdin, line 42: ")
    assert records[:41] + records[42:] == expected[:41] + expected[42:]
    assert (whole.exit_code, result.exit_code) == (0, 3)
    table = invoke("classify", "-", *options, stdin="\n".join(lines))
    assert "text 99" in table.stdout
    assert "stdin, line 42: " in table.stderr
    assert table.exit_code == 3


def test_lines_of_which_none_can_be_read_are_all_answered_by_their_errors(
    artifact, tiny_scope_folder, invoke
):
    options = ("--json", "--scope", tiny_scope_folder, "--classifier", artifact)
    result = invoke("classify", "-", *options, stdin='{"txt": 1}\n{"text": 2}\n')
    codes = [json.loads(line)["error"]["code"] for line in result.stdout.splitlines()]
    assert (codes, result.exit_code) == (["no_text", "text_not_a_string"], 3)


def test_the_table_shows_the_text_and_the_verdict(artifact, tiny_scope_folder, invoke):
    result = invoke("classify", "you idiot number 1", "--scope", tiny_scope_folder, "--classifier", artifact)
    assert "you idiot" in result.stdout
    assert "toxicity" in result.stdout


def test_fit_then_evaluate_uses_the_splits_of_one_file(labelled, tiny_scope_folder, tmp_path, invoke):
    out = tmp_path / "fitted.json"
    fitted = invoke("fit", "toxicity", "--train", labelled, "--scope", tiny_scope_folder, "--out", out)
    assert fitted.exit_code == 0, fitted.exception
    assert json.loads(out.read_text())["fit"]["train"]["rows"] == 60
    assert json.loads(out.read_text())["fit"]["dev"]["rows"] == 20
    measured = invoke(
        "evaluate",
        out,
        labelled,
        "--scope",
        tiny_scope_folder,
        "--json",
        "--report",
        tmp_path / "report.html",
    )
    assert measured.exit_code == 0, measured.exception
    report = json.loads(measured.stdout)
    assert report["n"] == 10
    for key in (
        "f1",
        "precision",
        "recall",
        "accuracy",
        "balanced_accuracy",
        "macro_f1",
        "by_lang",
        "by_source",
        "baselines",
    ):
        assert key in report
    assert "<table>" in (tmp_path / "report.html").read_text()


def test_fit_sets_dev_rows_aside_when_there_are_none(tiny_scope_folder, tmp_path, invoke, insults):
    path = tmp_path / "rows.csv"
    rows = insults(80)
    path.write_text(
        "text,label\n" + "".join(f"{t},{y}\n" for t, y in zip(rows.texts, rows.labels, strict=True))
    )
    out = tmp_path / "fitted.json"
    result = invoke("fit", "toxicity", "--train", path, "--scope", tiny_scope_folder, "--out", out)
    assert result.exit_code == 0, result.exception
    fit = json.loads(out.read_text())["fit"]
    assert fit["train"]["rows"] + fit["dev"]["rows"] == 80
    assert fit["dev"]["rows"] == 16


class Shaded(HTMLParser):
    """What a reader sees of the shaded text, without the panels, and the tokens that are marked as firing."""

    def __init__(self, page):
        super().__init__()
        self.open, self.text, self.fired = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        classes = dict(attributes).get("class", "") or ""
        if self.open or classes == "text":
            self.open.append((tag, classes))
            if "fires" in classes.split():
                self.fired.append("")

    def handle_endtag(self, tag):
        if self.open:
            while self.open.pop()[0] != tag:
                pass

    def handle_data(self, data):
        if self.open and not any(tag == "aside" for tag, _ in self.open):
            self.text += data
            if "fires" in self.open[-1][1].split():
                self.fired[-1] += data


def test_explain_writes_a_page_with_the_whole_text_and_the_words_of_the_evidence_marked(
    artifact, tiny_scope_folder, tmp_path, invoke
):
    page = tmp_path / "why.html"
    text = "you idiot number 1 <script>alert('x')</script> & more"
    options = ("--scope", tiny_scope_folder, "--classifier", artifact)
    result = invoke("explain", text, "--html", page, *options)
    assert result.exit_code == 0, result.exception
    assert "<script" not in page.read_text()
    shown = Shaded(page.read_text())
    assert shown.text == text
    record = json.loads(invoke("classify", text, "--json", *options).stdout)
    evidence = {item["text"] for item in record["toxicity"]["evidence"]}
    assert evidence
    assert evidence <= set(shown.fired)


def test_scopes_list_has_the_bundled_scopes_and_both_publishers_groups(invoke):
    result = invoke("scopes", "list", "--json")
    ids = [json.loads(line)["id"] for line in result.stdout.splitlines()]
    assert ids[:3] == ["e5", "nano", "smollm2"]
    assert len(ids) == 3 + 14 + 40


def test_scopes_show_describes_a_folder(tiny_scope_folder, invoke):
    result = invoke("scopes", "show", tiny_scope_folder, "--json")
    assert json.loads(result.stdout)["pulled_layers"] == [0, 1, 2, 3]


COMMANDS = [
    ("classify",),
    ("fit",),
    ("evaluate",),
    ("explain",),
    ("scopes", "list"),
    ("scopes", "show"),
    ("scopes", "pull"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command, invoke):
    result = invoke(*command, "--help")
    assert result.exit_code == 0
    assert "Example" in result.stdout


FAILURES = [
    (("classify",), 2, "no text to classify"),
    (("classify", "x", "--scope", "nanoo"), 2, "nano"),
    (("classify", "x", "--scope", "qwen3-8b-w64k-l0_50"), 1, "scopes pull qwen3-8b-w64k-l0_50"),
    (("classify", "x", "--classifier", "nope.json"), 2, "nope.json"),
    (("fit", "t", "--train", "missing.jsonl"), 2, "missing.jsonl"),
    (("scopes", "pull", "nano", "--layers", "six"), 2, "--layers"),
    (("evaluate",), 2, "Missing argument"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), FAILURES, ids=lambda value: str(value)[:40])
def test_a_failure_is_one_line_and_the_right_exit_code(arguments, code, words, tmp_path):
    environment = {**os.environ, "HF_HOME": str(tmp_path), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "scopesift.cli", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("condition", [[], ["--where", " "]])
def test_filter_without_a_condition_is_bad_usage(
    condition, artifact, tiny_scope_folder, tmp_path, invoke, write_rows
):
    rows = write_rows(tmp_path / "rows.jsonl", [{"text": "a cat"}])
    options = ("--scope", tiny_scope_folder, "--classifier", artifact, "--out", tmp_path / "out")
    result = invoke("filter", rows, *options, *condition)
    assert isinstance(result.exception, UsageError)
    assert "--where" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_filter_warns_of_a_label_that_no_classifier_has_and_runs(tmp_path, invoke, write_rows):
    rows = write_rows(tmp_path / "rows.jsonl", [{"text": "a cat"}])
    options = ("--scope", "nano", "--out", tmp_path / "out", "--where", "domain IN ('polotics', 'law')")
    result = invoke("filter", rows, *options)
    assert result.exit_code == 0, result.exception
    told = " ".join(result.stderr.split())  # a terminal breaks long lines
    assert "warning: --where compares domain with 'polotics', which is no label of it; it has" in told
    assert "did you mean 'politics'?" in told
    assert told.index("warning:") < told.index("1 row in")


def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    artifact, tiny_scope_folder, tmp_path, invoke
):
    for command in (
        ["explain", "a cat", "--html", tmp_path, "--classifier", artifact],
        ["export-onnx", artifact, tmp_path],
        ["evaluate", artifact, "nothing.jsonl", "--report", tmp_path],
        ["fit", "toxicity", "--train", "nothing.jsonl", "--out", tmp_path],
        ["transfer", artifact, "--train", "nothing.jsonl", "--lang", "de", "--out", tmp_path],
    ):
        result = invoke(*command, "--scope", tiny_scope_folder)
        assert isinstance(result.exception, UsageError), command
        assert "is a folder" in str(result.exception)


def test_filter_counts_and_names_the_files_that_it_does_not_read(
    artifact, tiny_scope_folder, tmp_path, invoke
):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "c4.json").write_text('{"text": "a cat"}\n')
    for at in range(12):
        (folder / f"table-{at:02d}.tsv").write_text("text\n")
    options = ("--scope", tiny_scope_folder, "--classifier", artifact, "--mode", "attributes")
    result = invoke("filter", folder, "--out", tmp_path / "out", *options)
    assert result.exit_code == 0, result.exception
    told = "".join(result.stderr.split())  # a terminal breaks long lines
    assert f"filesofotherformats,notread:12({folder / 'table-00.tsv'}," in told
    assert "table-09.tsv,…)" in told
    assert "table-10" not in told
    assert len(json.loads((tmp_path / "out" / "manifest.json").read_text())["unread_files"]) == 12
    inside = invoke("filter", folder, "--out", folder / "out", *options)
    assert "is inside the input" in str(inside.exception)
