import json

import pytest
from scopesift_classifiers.studies.reproduction_bundle import read_bundle
from scopesift_files.errors import InputError, ScopeError, UsageError

from scopesift.commands import reproduce


@pytest.fixture(scope="module")
def options(tiny_scope_folder, tmp_path_factory, write_rows):
    folder = tmp_path_factory.mktemp("study")
    (folder / "toxicity").mkdir()
    for lang in ("en", "de"):
        rows = [
            {
                "text": ("you idiot number " if row % 2 else "a fine cat number ") + str(row),
                "label": "toxic" if row % 2 else "clean",
                "split": ["train", "train", "train", "dev", "test"][row // 2 % 5],
            }
            for row in range(120)
        ]
        write_rows(folder / "toxicity" / f"{lang}.jsonl", rows)
    study = ("reproduce", "qwen-scope-toxicity", "--scope", tiny_scope_folder, "--data", folder)
    return (*study, "--device", "cpu", "--layers", "1-2")


@pytest.fixture(scope="module")
def run(options, invoke, tmp_path_factory):
    """One run that wrote a bundle: its path, and what the command gave."""
    path = tmp_path_factory.mktemp("bundles") / "new folder" / "bundle.json"
    return path, invoke(*options, "--json", "--bundle", path)


def test_both_protocols_are_printed_with_the_features_and_each_layers_top1(run):
    found = json.loads(run[1].stdout)
    assert set(found["languages"]) == {"en", "de"}
    assert found["layers"] == [1, 2]
    own = found["languages"]["en"]
    assert set(own["top1"]) == {"1", "2"}
    assert own["top1_diff"]["1"]["layer"] == int(max(own["top1"], key=own["top1"].get))
    assert len(own["top1_diff"]["5"]["features"]) == 5


def test_the_bundle_holds_what_was_printed(run):
    path, result = run
    printed = json.loads(result.stdout)
    bundle = read_bundle(path)
    assert bundle["results"] == {key: value for key, value in printed.items() if key != "scope"}
    assert f"wrote {path}" in result.stderr.replace("\n", "")


def test_a_bundle_is_read_and_shown(run, invoke):
    result = invoke("reproduce", "--read-bundle", run[0])
    assert result.exit_code == 0
    for said in (
        "scope: tiny",
        "layers 1, 2",
        "machine:",
        "run: 240 texts",
        "torch",
        "own labels",
        "en labels only",
    ):
        assert said in result.stdout
    found = invoke("reproduce", "--read-bundle", run[0], "--json")
    assert json.loads(found.stdout) == read_bundle(run[0])


def test_a_changed_bundle_is_refused(run, invoke, tmp_path):
    path = tmp_path / "changed.json"
    path.write_text(run[0].read_text().replace('"seconds": ', '"seconds": 1'))
    assert isinstance(invoke("reproduce", "--read-bundle", path).exception, InputError)


def test_the_bundles_place_is_looked_at_before_any_work(options, run, invoke, tmp_path, monkeypatch):
    monkeypatch.setattr(reproduce, "run_study", lambda *_args, **_named: pytest.fail("the study ran"))
    before = run[0].read_bytes()
    (tmp_path / "file").touch()
    for path, said in (
        (run[0], "is there already"),
        (tmp_path, "is there already"),
        (tmp_path / "file" / "bundle.json", "is not a folder"),
    ):
        found = invoke(*options, "--bundle", path)
        assert isinstance(found.exception, UsageError)
        assert said in str(found.exception)
    assert run[0].read_bytes() == before


def test_results_are_shown_although_the_bundle_cannot_be_written(options, run, invoke, tmp_path, monkeypatch):
    def full(*_args):
        raise ScopeError("cannot write: No space left on device")

    measured = json.loads(run[1].stdout)
    monkeypatch.setattr(reproduce, "run_study", lambda *_args, **_named: measured)
    monkeypatch.setattr(reproduce, "write_bundle", full)
    result = invoke(*options, "--json", "--bundle", tmp_path / "bundle.json")
    assert json.loads(result.stdout) == measured
    assert isinstance(result.exception, ScopeError)


def test_a_run_is_not_asked_for_and_read_at_once(run, options, invoke):
    for arguments in (
        (*options, "--read-bundle", run[0]),
        ("reproduce", "--read-bundle", run[0], "--layers", "1"),
    ):
        assert "runs no study" in str(invoke(*arguments).exception)


def test_an_unknown_study_and_missing_data_are_bad_usage(options, invoke, tmp_path):
    assert "no study is named" in str(invoke("reproduce").exception)
    assert "qwen-scope-toxicity" in str(invoke("reproduce", "something", *options[2:]).exception)
    assert "--data is missing" in str(invoke(*options[:4]).exception)
    missing = invoke("reproduce", "qwen-scope-toxicity", "--data", tmp_path / "no")
    assert "not a folder" in str(missing.exception)
    assert isinstance(missing.exception, UsageError)


def test_layers_that_are_not_here_are_refused(options, invoke):
    assert "has no layer 7" in str(invoke(*options[:-1], "7").exception)


def test_no_number_is_cut_off_in_a_pipe(run, invoke, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = invoke("reproduce", "--read-bundle", run[0]).stdout
    assert "…" not in shown
    for own in read_bundle(run[0])["results"]["languages"].values():
        assert f"{own['ours']['macro_f1']:.2f}" in shown
